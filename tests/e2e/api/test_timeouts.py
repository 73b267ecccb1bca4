from api.test_timeouts import *  # noqa: F403  the same tests, over all of it
