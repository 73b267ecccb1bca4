from api.test_binding_rules import *  # noqa: F403  the same tests, over all of it
