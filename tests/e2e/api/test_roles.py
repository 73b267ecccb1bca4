from api.test_roles import *  # noqa: F403  the same tests, over all of it
