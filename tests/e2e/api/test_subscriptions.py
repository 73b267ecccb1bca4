from api.test_subscriptions import *  # noqa: F403  the same tests, over all of it
