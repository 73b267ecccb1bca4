from api.test_wall import *  # noqa: F403  the same tests, over all of it
