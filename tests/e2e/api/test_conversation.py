from api.test_conversation import *  # noqa: F403  the same tests, over all of it
