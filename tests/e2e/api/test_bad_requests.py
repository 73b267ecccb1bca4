from api.test_bad_requests import *  # noqa: F403  the same tests, over all of it
