from api.test_easemob_messages import *  # noqa: F403  the same tests, over all of it
