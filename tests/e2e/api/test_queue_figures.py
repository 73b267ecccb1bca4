from api.test_queue_figures import *  # noqa: F403  the same tests, over all of it
