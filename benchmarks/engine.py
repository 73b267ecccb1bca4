"""dynoxide on a free port of the loopback, for as long as it is measured.

Of the engines for tests it alone counts units as AWS does: each item of a transaction rounded up to a kilobyte and
doubled, on the larger of its two images; each index charged for what changes in it, and not doubled. DynamoDB Local
rounds a transaction as a whole, doubles the indexes and reads what is not there for free; ministack counts one unit a request.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import boto3
import click
from botocore.config import Config

from kefu.store.dynamodb_table import definition
from kefu.store.dynamodb_transport import THREADS, BotoTransport, Transport, boto_client
from kefu.testing.engines import REGION, EngineMissing, Engines

PATIENCE_S = 60


@contextmanager
def running() -> Iterator[str]:
    """Its endpoint. Raises `ClickException` if it is not installed."""
    engines = Engines()
    try:
        yield engines.endpoint("dynoxide")
    except EngineMissing as missing:
        raise click.ClickException(str(missing)) from missing
    finally:
        engines.close()


def transport_to(endpoint: str) -> BotoTransport:
    """As the server has it."""
    return BotoTransport(partial(boto_client, region=REGION, endpoint=endpoint))


def patient_transport_to(endpoint: str) -> BotoTransport:
    """For what is counted and not timed: nothing is asked twice because an engine is slow."""
    return BotoTransport(partial(_patient_client, endpoint=endpoint))


def _patient_client(service: str, *, endpoint: str) -> Any:
    config = Config(
        read_timeout=PATIENCE_S,
        max_pool_connections=THREADS,
        retries={"total_max_attempts": 1},
        parameter_validation=False,
    )
    return boto3.session.Session().client(service, region_name=REGION, endpoint_url=endpoint, config=config)


async def create_table(transport: Transport, table: str) -> None:
    """Without a stream: nothing follows it, and dynoxide slows down under load while it writes one."""
    await transport.call("CreateTable", {k: v for k, v in definition(table).items() if k != "StreamSpecification"})
