from api.test_repetition import *  # noqa: F403  the same tests, over all of it
