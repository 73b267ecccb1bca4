"""What is left out is as it is deployed."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from kefu.local_aws.options import GatewayOptions

DEPLOYED: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "serverless.yml").read_text())
FUNCTIONS: dict[str, Any] = DEPLOYED["functions"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_the_one_that_is_deployed(name: str) -> None:
    deployed, ours = FUNCTIONS[name], getattr(GatewayOptions(), name)
    assert (ours.handler, ours.timeout_s) == (deployed["handler"].replace("/", "."), deployed["timeout"])


def test_changes_come_in_batches_as_deployed() -> None:
    [event] = FUNCTIONS["stream"]["events"]
    assert GatewayOptions().reading.batch_size == event["stream"]["batchSize"]


def test_the_tick_comes_as_often_as_deployed() -> None:
    [event] = FUNCTIONS["tick"]["events"]
    assert (event["schedule"], GatewayOptions().tick_every_s) == ("rate(1 minute)", 60)
