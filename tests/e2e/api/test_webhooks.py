from api.test_webhooks import *  # noqa: F403  the same tests, over all of it
