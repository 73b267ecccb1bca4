from api.test_conversation import *  # noqa: F403  the same tests, over the handler
