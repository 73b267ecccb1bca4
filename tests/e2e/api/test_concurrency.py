from api.test_concurrency import *  # noqa: F403  the same tests, over all of it
