from api.test_bad_input import *  # noqa: F403  the same tests, over all of it
