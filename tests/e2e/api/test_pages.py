from api.test_pages import *  # noqa: F403  the same tests, over all of it
