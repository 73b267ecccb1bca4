from api.test_vendors_choices import *  # noqa: F403  the same tests, over all of it
