from api.test_service_report import *  # noqa: F403  the same tests, over all of it
