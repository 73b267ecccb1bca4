"""The same clientMutationKey and input twice is once; with another input it is refused."""

import asyncio
from typing import Any

import pytest

from api.company import Company
from api.stage import RESULTS, Stage

KEY = "key-1"


async def call(stage: Stage, mutation: str, given: dict[str, Any]) -> dict[str, Any]:
    return await stage.company.partner.mutate(mutation, RESULTS[mutation], **given, clientMutationKey=KEY)


@pytest.mark.parametrize("mutation", RESULTS)
async def test_a_repeated_call_gives_the_first_result(stage: Stage, mutation: str) -> None:
    first = await call(stage, mutation, stage.given(mutation))
    assert not first["userErrors"]
    assert await call(stage, mutation, stage.given(mutation)) == first


@pytest.mark.parametrize("mutation", RESULTS)
async def test_a_repeated_call_changes_the_store_once(stage: Stage, mutation: str) -> None:
    before = await stage.company.position()
    await call(stage, mutation, stage.given(mutation))
    after_first = await stage.company.position()
    await call(stage, mutation, stage.given(mutation))
    assert before != after_first == await stage.company.position()


@pytest.mark.parametrize("mutation", RESULTS)
async def test_a_key_with_another_input_is_refused_and_changes_nothing(stage: Stage, mutation: str) -> None:
    await call(stage, mutation, stage.given(mutation))
    before = await stage.company.position()
    refused = await call(stage, mutation, stage.otherwise(mutation))
    assert [each["code"] for each in refused["userErrors"]] == ["IDEMPOTENCY_MISMATCH"]
    assert await stage.company.position() == before


@pytest.mark.parametrize("mutation", RESULTS)
async def test_five_of_the_same_call_at_once_are_one(stage: Stage, mutation: str) -> None:
    results = await asyncio.gather(*(call(stage, mutation, stage.given(mutation)) for _ in range(5)))
    for result in results:
        result.pop("assigned", None)  # the looks after the commit may still add to it
    assert all(result == results[0] for result in results)


async def test_a_key_that_stood_for_another_mutation_is_refused(stage: Stage) -> None:
    await call(stage, "sessionClose", stage.given("sessionClose"))
    refused = await call(stage, "sessionTransfer", stage.given("sessionTransfer"))
    assert [each["code"] for each in refused["userErrors"]] == ["IDEMPOTENCY_MISMATCH"]


async def test_a_refused_call_leaves_its_key_free(stage: Stage) -> None:
    assert (await call(stage, "bindingDelete", stage.otherwise("bindingDelete")))["userErrors"]
    assert not (await call(stage, "bindingDelete", stage.given("bindingDelete")))["userErrors"]


async def test_a_repeated_message_says_that_it_is_one(stage: Stage) -> None:
    given = stage.given("messageIngest") | {"clientMutationKey": KEY}
    await stage.company.partner.do("messageIngest", **given)
    assert (await stage.company.partner.do("messageIngest", "isDuplicate", **given))["isDuplicate"] is True


async def test_another_tenants_key_is_another_key(stage: Stage, rival: Company) -> None:
    await call(stage, "messageIngest", stage.given("messageIngest"))
    given = {"visitorUserName": "V", "text": "not the same"}
    assert not (await rival.partner.mutate("messageIngest", **given, clientMutationKey=KEY))["userErrors"]


async def test_a_human_asked_for_again_keeps_the_key_too(stage: Stage) -> None:
    await call(stage, "sessionRequestHuman", {"sessionId": stage.own})
    refused = await call(stage, "sessionRequestHuman", {"sessionId": stage.others})
    assert [each["code"] for each in refused["userErrors"]] == ["IDEMPOTENCY_MISMATCH"]


async def test_a_message_known_by_its_own_id_keeps_the_key_too(stage: Stage) -> None:
    given = {"visitorUserName": "V", "text": "你好", "clientMessageId": "m1"}
    await stage.company.partner.do("messageIngest", **given)
    await call(stage, "messageIngest", given)
    refused = await call(stage, "messageIngest", given | {"clientMessageId": "m2"})
    assert [each["code"] for each in refused["userErrors"]] == ["IDEMPOTENCY_MISMATCH"]


@pytest.mark.parametrize("key", ["", " ", "k" * 129])
async def test_a_key_that_is_no_name_is_refused(stage: Stage, key: str) -> None:
    given = stage.given("agentStatusSet") | {"clientMutationKey": key}
    error = await stage.company.partner.refused("agentStatusSet", **given)
    assert (error["code"], error["field"]) == ("INVALID_INPUT", ["input", "clientMutationKey"])
