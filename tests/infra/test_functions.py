"""What serverless.yml runs is in the package, and hears of what it must."""

from importlib import import_module
from typing import Any

import pytest
from deployment import FUNCTIONS, ROOT, included, resources, service

from kefu.local_aws.options import StreamOptions
from kefu.records import keys
from kefu.settings import SECRET_LENGTH_MIN

STREAM = "stream"


@pytest.fixture
def functions() -> dict[str, Any]:
    found: dict[str, Any] = service()["functions"]
    return found


@pytest.fixture
def mapping(functions: dict[str, Any]) -> dict[str, Any]:
    [event] = functions[STREAM]["events"]
    found: dict[str, Any] = event["stream"]
    return found


def test_these_are_the_functions(functions: dict[str, Any]) -> None:
    assert tuple(functions) == FUNCTIONS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_its_handler_is_in_the_package(functions: dict[str, Any], name: str) -> None:
    module, _, function = functions[name]["handler"].rpartition(".")
    assert callable(getattr(import_module(module.replace("/", ".")), function))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_its_role_is_its_own(functions: dict[str, Any], name: str) -> None:
    assert functions[name]["role"] == f"{name.title()}Role"


def test_every_template_is_part_of_the_stack() -> None:
    assert sorted(included()) == sorted((ROOT / "infra").glob("*.yml"))


def test_all_frames_of_a_socket_reach_one_function(functions: dict[str, Any]) -> None:
    assert functions["websocket"]["events"] == [
        {"websocket": f"${route}"} for route in ("connect", "disconnect", "default")
    ]


def test_the_sweep_runs_every_minute_and_ends_before_the_next(functions: dict[str, Any]) -> None:
    assert functions["tick"]["events"] == [{"schedule": "rate(1 minute)"}]
    assert functions["tick"]["timeout"] < 60


def test_what_followers_are_told_of_passes_the_filter_and_nothing_else(mapping: dict[str, Any]) -> None:
    [pattern] = mapping["filterPatterns"]
    told = [keys.LOG[0], keys.WAITING[0], keys.AGENTS[0]]
    assert pattern == {"dynamodb": {"Keys": {"sk": {"S": [{"prefix": each} for each in told]}}}}
    assert list(StreamOptions().sorts) == told


def test_nothing_is_missed_while_the_mapping_is_made(mapping: dict[str, Any]) -> None:
    assert mapping["startingPosition"] == "TRIM_HORIZON"


def test_what_cannot_be_told_is_tried_again_alone_and_then_set_aside(mapping: dict[str, Any]) -> None:
    assert mapping["functionResponseType"] == "ReportBatchItemFailures"
    assert mapping["bisectBatchOnFunctionError"] is True
    assert "maximumRetryAttempts" not in mapping, "a table that is in trouble for a minute uses them up"
    assert 3_600 <= mapping["maximumRecordAgeInSeconds"] < 24 * 3_600
    assert mapping["destinations"]["onFailure"] == {"type": "sqs", "arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}


def test_the_secret_is_made_up_by_the_service_and_named_by_reference() -> None:
    secret = service()["provider"]["environment"]["KEFU_SECRET"]
    assert secret == {"Fn::Sub": "{{resolve:secretsmanager:${SigningSecret}:SecretString:::${param:secretVersion}}}"}


def test_the_secret_is_long_enough_for_the_settings() -> None:
    made = resources()["SigningSecret"]["Properties"]["GenerateSecretString"]
    assert made["PasswordLength"] >= SECRET_LENGTH_MIN
