from api.test_overflow import *  # noqa: F403  the same tests, over all of it
