from api.test_brief_messages import *  # noqa: F403  the same tests, over all of it
