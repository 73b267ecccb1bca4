"""Webhooks over GraphQL: made, changed, listed; their secrets never read; dead letters listed and replayed."""

from typing import Any

import pytest

from api.company import Company
from api.stage import Stage

ABOUT = (
    "webhook { id url dialect isEnabled hasSecret eventKinds sdkAppId customerServiceId failingSince switchedOffAt }"
)
URL = "https://shop.example/hooks"
TENCENT = {"dialect": "TENCENT", "sdkAppId": "1400000000"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def save(company: Company, **given: Any) -> dict[str, Any]:
    saved = await company.partner.do("webhookSave", f"{ABOUT} secret", **given)
    return {**saved["webhook"], "secret": saved["secret"]}


async def refusal(company: Company, **given: Any) -> tuple[str, list[str]]:
    error = await company.partner.refused("webhookSave", **given)
    return error["code"], error["field"]


async def test_a_new_webhook_is_on_and_told_everything(company: Company) -> None:
    saved = await save(company, url=URL)
    assert (saved["url"], saved["dialect"], saved["isEnabled"], saved["eventKinds"]) == (URL, "KEFU", True, [])
    assert (saved["failingSince"], saved["switchedOffAt"]) == (None, None)


async def test_a_secret_that_is_made_is_shown_once(company: Company) -> None:
    made = await save(company, url=URL)
    again = await save(company, id=made["id"], isEnabled=False)
    assert made["secret"].startswith("whsec_")
    assert (again["secret"], again["hasSecret"]) == (None, True)


async def test_a_secret_that_is_given_is_never_shown(company: Company) -> None:
    saved = await save(company, url=URL, secret=SECRET)
    assert (saved["secret"], saved["hasSecret"]) == (None, True)


async def test_what_is_left_out_stays_as_it_is(company: Company) -> None:
    made = await save(company, url=URL, eventKinds=["SESSION_END", "RATED"])
    changed = await save(company, id=made["id"], url=f"{URL}/2")
    assert (changed["url"], changed["eventKinds"], changed["id"]) == (f"{URL}/2", ["SESSION_END", "RATED"], made["id"])


async def test_a_tencent_webhook_goes_unsigned_without_a_token(company: Company) -> None:
    saved = await save(company, url=URL, **TENCENT)
    assert (saved["hasSecret"], saved["secret"], saved["sdkAppId"]) == (False, None, "1400000000")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "url"),
        ({"url": "http://shop.example/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "https://user:word@shop.example/"}, "url"),
        ({"url": URL, "secret": "whsec_short"}, "secret"),
        ({"url": URL, "secret": "a" * 129, **TENCENT}, "secret"),
        ({"url": URL, "dialect": "TENCENT"}, "sdkAppId"),
        ({"url": URL, "dialect": "TENCENT", "sdkAppId": "app"}, "sdkAppId"),
        ({"url": URL, **TENCENT, "customerServiceId": "a" * 129}, "customerServiceId"),
        ({"url": f"{URL}/{'a' * 1_600}", **TENCENT}, "url"),
    ],
)
async def test_what_cannot_work_is_refused_and_nothing_is_made(
    company: Company, given: dict[str, Any], field: str
) -> None:
    before = await company.position()
    assert await refusal(company, **given) == ("INVALID_INPUT", ["input", field])
    assert await company.position() == before


async def test_a_tenant_has_so_many_webhooks_and_no_more(company: Company) -> None:
    for _ in range(20):
        await company.webhook()
    error = await company.partner.refused("webhookSave", url=URL)
    assert error["code"] == "INVALID_INPUT"


async def test_a_deleted_webhook_is_gone(company: Company) -> None:
    made = await save(company, url=URL)
    await company.partner.do("webhookDelete", id=made["id"])
    assert (await company.partner.refused("webhookDelete", id=made["id"]))["code"] == "WEBHOOK_NOT_FOUND"
    assert (await company.partner.ask("{ webhooks { nodes { id } } }"))["webhooks"]["nodes"] == []


async def test_webhooks_come_page_by_page_oldest_first(company: Company) -> None:
    made = [await company.webhook() for _ in range(3)]
    query = (
        "query($after: String) { webhooks(first: 2, after: $after) { nodes { id createdAt } pageInfo { endCursor } } }"
    )
    first = (await company.partner.ask(query))["webhooks"]
    rest = (await company.partner.ask(query, after=first["pageInfo"]["endCursor"]))["webhooks"]
    listed = [*first["nodes"], *rest["nodes"]]
    assert sorted(each["id"] for each in listed) == sorted(made)
    assert [each["createdAt"] for each in listed] == sorted(each["createdAt"] for each in listed)


async def test_dead_letters_say_what_came_back(stage: Stage) -> None:
    about = "eventKind seq messageId state attempts lastAnswer nextAttemptAt webhook { id } session { id }"
    listed = await stage.company.partner.ask(f"{{ webhookDeliveries(first: 1) {{ nodes {{ {about} }} }} }}")
    [letter] = listed["webhookDeliveries"]["nodes"]
    assert letter.pop("messageId").endswith("-2")
    assert letter == {
        "eventKind": "PENDING_AUTO_END",
        "seq": 2,
        "state": "DEAD",
        "attempts": 8,
        "lastAnswer": "HTTP 500",
        "nextAttemptAt": None,
        "webhook": {"id": stage.hook},
        "session": {"id": stage.own},
    }


async def test_deliveries_come_page_by_page_latest_first(stage: Stage) -> None:
    query = (
        "query($after: String) { webhookDeliveries(first: 1, after: $after) { nodes { seq } pageInfo { endCursor } } }"
    )
    first = (await stage.company.partner.ask(query))["webhookDeliveries"]
    second = (await stage.company.partner.ask(query, after=first["pageInfo"]["endCursor"]))["webhookDeliveries"]
    assert [*first["nodes"], *second["nodes"]] == [{"seq": 2}, {"seq": 1}]


@pytest.mark.parametrize(
    ("hook", "states", "count"),
    [("hook", None, 2), ("other_hook", None, 0), ("hook", ["DEAD"], 2), ("hook", ["RETRYING", "DELIVERED"], 0)],
)
async def test_deliveries_are_filtered(stage: Stage, hook: str, states: list[str] | None, count: int) -> None:
    query = "query($filter: WebhookDeliveryFilter) { webhookDeliveries(filter: $filter) { nodes { id } } }"
    asked = {"webhookId": getattr(stage, hook), "states": states}
    found = await stage.company.partner.ask(query, filter=asked)
    assert len(found["webhookDeliveries"]["nodes"]) == count


async def test_a_replayed_letter_is_on_its_way_again(stage: Stage) -> None:
    about = "deliveries { id state attempts nextAttemptAt }"
    done = await stage.company.partner.do("webhookDeliveryReplay", about, deliveryIds=list(stage.letters))
    assert [(each["state"], each["attempts"]) for each in done["deliveries"]] == [("RETRYING", 0)] * 2
    assert all(each["nextAttemptAt"] for each in done["deliveries"])


async def test_a_letter_is_replayed_once(stage: Stage) -> None:
    await stage.company.partner.do("webhookDeliveryReplay", deliveryIds=[stage.letters[0]])
    error = await stage.company.partner.refused("webhookDeliveryReplay", deliveryIds=[stage.letters[0]])
    assert (error["code"], error["field"]) == ("WEBHOOK_DELIVERY_NOT_FOUND", ["input", "deliveryIds"])
