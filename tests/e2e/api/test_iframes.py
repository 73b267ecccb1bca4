from api.test_iframes import *  # noqa: F403  the same tests, over all of it
