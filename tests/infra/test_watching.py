"""Whoever runs it is told when something goes wrong, and sees it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from deployment import FUNCTIONS, resources

Watched = tuple[str, str, str]
"""Namespace, metric, and the resource or name that is watched."""


def alarms() -> dict[str, Any]:
    return {name: each["Properties"] for name, each in resources().items() if each["Type"] == "AWS::CloudWatch::Alarm"}


def watched() -> Iterator[Watched]:
    for alarm in alarms().values():
        names = [dimension["Value"] for dimension in alarm["Dimensions"]]
        parts = [each if isinstance(each, str) else str(each.get("Ref") or each["Fn::GetAtt"][0]) for each in names]
        yield alarm["Namespace"], alarm["MetricName"], "/".join(parts)


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_fails_or_is_turned_away_raises_an_alarm(function: str, metric: str) -> None:
    assert ("AWS/Lambda", metric, f"{function.title()}LambdaFunction") in watched()


@pytest.mark.parametrize(
    "one",
    [
        ("AWS/Lambda", "IteratorAge", "StreamLambdaFunction"),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "DeadLetters"),
        ("AWS/DynamoDB", "ReadThrottleEvents", "Table"),
        ("AWS/DynamoDB", "WriteThrottleEvents", "Table"),
        ("AWS/DynamoDB", "WriteThrottleEvents", "Table/by_listing"),
        ("AWS/ApiGateway", "5xx", "HttpApi"),
    ],
)
def test_an_alarm_watches(one: Watched) -> None:
    assert one in watched()


@pytest.mark.parametrize("name", alarms())
def test_an_alarm_tells_the_topic_when_it_goes_off_and_when_it_is_over(name: str) -> None:
    told = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert (alarms()[name]["AlarmActions"], alarms()[name]["OKActions"]) == (told, told)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_dashboard_shows_every_function(function: str) -> None:
    body = resources()["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = json.dumps(json.loads(body)["widgets"])
    assert f"${{{function.title()}LambdaFunction}}" in shown


def test_the_dashboard_names_only_what_is_in_the_stack() -> None:
    body = resources()["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    made_by_the_packager = {f"{function.title()}LambdaFunction" for function in FUNCTIONS} | {
        "HttpApi",
        "WebsocketsApi",
    }
    named = {name.partition(".")[0] for name in re.findall(r"\$\{([^}]*)\}", body)}
    assert named - {"AWS::Region"} <= made_by_the_packager | resources().keys()
