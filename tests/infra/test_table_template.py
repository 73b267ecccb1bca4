"""The template makes the table that the code defines."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from kefu.store.dynamodb_table import definition

TEMPLATE = Path(__file__).parents[2] / "infra" / "table.yml"
PROTECTIONS = {
    "TimeToLiveSpecification",
    "PointInTimeRecoverySpecification",
    "SSESpecification",
    "DeletionProtectionEnabled",
}
"""What is not part of the request `CreateTable` of the code, or not by that name."""


@pytest.fixture
def template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def properties(template: dict[str, Any]) -> dict[str, Any]:
    [table] = template["Resources"].values()
    assert table["Type"] == "AWS::DynamoDB::Table"
    found: dict[str, Any] = table["Properties"]
    return found


def test_it_is_the_table_of_the_code(properties: dict[str, Any]) -> None:
    wanted = definition("kefu")
    # Naming the view switches the stream on: the template has no word for enabling.
    wanted["StreamSpecification"] = {"StreamViewType": wanted["StreamSpecification"]["StreamViewType"]}
    made = {name: value for name, value in properties.items() if name not in PROTECTIONS}
    assert made == {**wanted, "TableName": {"Ref": "TableName"}}


def test_records_expire_by_the_attribute_of_the_code(properties: dict[str, Any]) -> None:
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_the_table_outlives_its_stack(template: dict[str, Any]) -> None:
    table = template["Resources"]["Table"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_table_is_recoverable_and_protected(template: dict[str, Any], properties: dict[str, Any]) -> None:
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert template["Parameters"]["DeletionProtection"]["Default"] == "true"
