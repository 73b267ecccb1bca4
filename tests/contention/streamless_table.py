import itertools

from engines import client
from kefu.store.dynamodb_table import definition
from kefu.testing.engines import REGION

_numbers = itertools.count()


def table_without_stream(endpoint: str) -> str:
    """The store URL of a new table. Nobody follows the changes here, and an engine keeps a stream in memory."""
    table = f"contention-{next(_numbers)}"
    asked = definition(table)
    del asked["StreamSpecification"]
    service = client("dynamodb", endpoint)
    service.create_table(**asked)
    service.get_waiter("table_exists").wait(TableName=table)
    return f"dynamodb:{table}?region={REGION}&endpoint={endpoint}"
