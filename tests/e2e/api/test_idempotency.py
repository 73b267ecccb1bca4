from api.test_idempotency import *  # noqa: F403  the same tests, over all of it
