from api.test_bot_and_ratings import *  # noqa: F403  the same tests, over all of it
