from api.test_sockets import *  # noqa: F403  the same tests, over all of it
