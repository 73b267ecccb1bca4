from api.test_outside_hours import *  # noqa: F403  the same tests, over all of it
