"""Polls: what was there is told whatever the wait is, and the web client, which knows no cursor, is told everything once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from shop import TENANT, Shop

from kefu.desk.call import Role
from kefu.desk.tenants import create_tenant
from kefu.store.sqlite import SqliteStore
from wire.easemob.vendor import CLIENT_ID, SECRET_ID, Vendor, bearer, client_of, text

PATH = f"/api/platform/tenants/{TENANT}/messages"
WEB_PATH = "/v1/imgateway/messages"
VISITOR = "V"


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[tuple[Shop, httpx.AsyncClient]]:
    """A shop in a file: every look takes a turn of a thread."""
    shop = Shop(store=await SqliteStore.open(str(tmp_path / "kefu.db")))
    await create_tenant(shop.desk, TENANT, "Shop", client_id=CLIENT_ID, secret_id=SECRET_ID)
    async with client_of(shop.desk) as http:
        yield shop, http
    await shop.desk.store.close()


async def test_what_was_there_is_told_to_who_does_not_wait(sqlite: tuple[Shop, httpx.AsyncClient]) -> None:
    shop, http = sqlite
    headers = bearer(Role.VISITOR, VISITOR, shop)
    cursor = (await http.get(PATH, params={"waitSeconds": "0"}, headers=headers)).json()["cursor"]
    await http.post(PATH, json=text("hi", msg_id_for_ack="m1"), headers=headers)
    asked = {"waitSeconds": "0", "cursor": cursor}
    told = (await http.get(PATH, params=asked, headers=headers)).json()["entities"]
    assert [each["msg"]["action"] for each in told][:2] == ["ServiceSessionCreatedEvent", "KF-ACK"]


def sent(shown: str) -> dict[str, Any]:
    """As the vendor's web client sends it when its socket is gone."""
    return {
        "from": VISITOR,
        "to": "service",
        "tenantId": TENANT,
        "bodies": [{"type": "txt", "msg": shown}],
        "ext": {"weichat": {"msg_id_for_ack": f"id of {shown}"}},
        "orgName": "org",
        "appName": "app",
        "originType": "webim",
    }


async def web_told(vendor: Vendor) -> list[str]:
    """What one poll tells the web client: actions, or texts. It waits for nothing here."""
    asked = {"tenantId": TENANT, "visitorEasemobId": VISITOR, "easemobId": "service", "waitSeconds": "0"}
    headers = bearer(Role.VISITOR, VISITOR, vendor.shop)
    answer = await vendor.answer("GET", WEB_PATH, params=asked, headers=headers)
    assert {(each["from"], each["to"]) for each in answer["entities"]} <= {("service", VISITOR)}
    bodies = [body for each in answer["entities"] for body in each["bodies"]]
    return [body.get("action") or body["msg"] for body in bodies]


async def web_write(vendor: Vendor, shown: str) -> None:
    headers = bearer(Role.VISITOR, VISITOR, vendor.shop)
    answer = await vendor.answer("POST", WEB_PATH, params={"tenantId": TENANT}, json=sent(shown), headers=headers)
    assert answer["status"] == "OK", answer


async def test_the_web_client_is_told_what_came_between_its_polls(vendor: Vendor) -> None:
    await web_write(vendor, "hi")
    first = await web_told(vendor)
    assert first[:2] == ["ServiceSessionCreatedEvent", "KF-ACK"]
    await web_write(vendor, "still there?")
    assert await web_told(vendor) == ["KF-ACK"]
    assert await web_told(vendor) == []
