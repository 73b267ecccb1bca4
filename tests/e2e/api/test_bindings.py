from api.test_bindings import *  # noqa: F403  the same tests, over all of it
