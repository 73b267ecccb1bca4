from collections.abc import AsyncIterator

import httpx
import pytest
from shop import TENANT, Shop
from starlette.applications import Starlette

from kefu.blobs.memory import MemoryBlobs
from kefu.blobs.port import Blobs
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.tenants import create_tenant
from kefu.domain.channel import Channel
from kefu.domain.directory import ChannelSettings
from kefu.wire.huawei import routes
from wire.huawei.office import CLIENT_ID, OTHER_TENANT, SECRET, SECRET_ID, Office, Page

LONG_POLL_S = 600
"""Longer than any test: a poll that waits is answered because something came, or because a newer one did."""


def client_of(office_shop: Shop, blobs: Blobs, poll_wait_s: float) -> httpx.AsyncClient:
    app = Starlette(routes=routes.routes(office_shop.desk, SECRET, blobs, poll_wait_s=poll_wait_s))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://desk")


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    """Agents alice and bob, in no group, each with room for one. Whatever a test did, the laws hold in the end."""
    shop = Shop()
    for tenant in (TENANT, OTHER_TENANT):
        await create_tenant(shop.desk, tenant, "Shop", client_id=CLIENT_ID, secret_id=SECRET_ID)
    for name in ("alice", "bob"):
        await shop.agent(name)
        await save_agent(shop.desk, shop.call(), AgentChange(user_name=name, nickname=name.title()))
    blobs = MemoryBlobs()
    async with client_of(shop, blobs, 0.02) as http, client_of(shop, blobs, LONG_POLL_S) as patient:
        yield Office(shop=shop, http=http, patient=patient, blobs=blobs)
    await shop.check()


@pytest.fixture
async def page(office: Office) -> Page:
    return await office.page()


@pytest.fixture
async def with_bot(office: Office) -> Office:
    """The channel's visitors are received by a bot."""
    await office.shop.settings(channels=(ChannelSettings(channel=Channel.WEB, has_bot=True),))
    return office


@pytest.fixture
async def crowded(office: Office) -> Office:
    """Both agents have all they may have."""
    for visitor in ("first", "second"):
        await office.shop.write(visitor)
    return office
