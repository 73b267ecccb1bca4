"""The same conversation through two vendors' doors: what the desk notes, and what Tencent's receivers are told."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
from shop import TENANT

from kefu.blobs.memory import MemoryBlobs
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.tenants import create_tenant
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.channel import Channel
from kefu.domain.directory import ChannelSettings
from kefu.domain.log import EventKind
from kefu.domain.session_ref import SessionRef
from kefu.domain.webhook import Dialect
from kefu.records import sessions
from webhooks.stage import Outlet
from wire.easemob.vendor import Vendor, cmd, text
from wire.easemob.vendor import client_of as easemob_client
from wire.huawei.conftest import client_of as huawei_client
from wire.huawei.office import CLIENT_ID, SECRET_ID, Page

VISITOR = "xiaoming"
POLL_WAIT_S = 0.02
EVENTS = [
    "SessionBegin",
    "ChatBot.UserSendMsg",
    "ChatBot.RobotSendMsg",
    "ChatBot.UserSendMsg",
    "ChatBot.RobotSendMsg",
    "ChatBot.UserSendMsg",
    "TransferringToHuman",
    "TransferringToHumanWait",
    "TransferToHumanSuccess",
    "Human.UserSendMsg",
    "Human.AgentSendMsg",
    "AgentForward",
    "Human.UserSendMsg",
    "SessionAgentEnd",
    "SessionEnd",
    "SatisfactionSelected",
]
SAME = ("Event", "ClientUserId", "AgentId", "ForwardFromAgentId", "SatisfactionSelected")


class Door(Protocol):
    """What a visitor can do at any of them."""

    async def arrive(self) -> None: ...

    async def say(self, said: str) -> None: ...

    async def ask_for_human(self) -> None: ...

    async def rate(self, stars: int) -> None: ...


@dataclass(slots=True)
class EasemobDoor:
    vendor: Vendor

    async def arrive(self) -> None:
        await self.vendor.write(cmd("arrive"), VISITOR)

    async def say(self, said: str) -> None:
        await self.vendor.write(text(said), VISITOR)

    async def ask_for_human(self) -> None:
        await self.vendor.write(cmd("TransferToKf", ctrlType="TransferToKf"), VISITOR)

    async def rate(self, stars: int) -> None:
        enquiry = text(ctrlType="enquiry", ctrlArgs={"inviteId": "", "serviceSessionId": "", "summary": str(stars)})
        await self.vendor.post(enquiry, VISITOR)


@dataclass(slots=True)
class HuaweiDoor:
    page: Page

    async def arrive(self) -> None:
        assert (await self.page.send("CONNECT"))["resultCode"] == "0"

    async def say(self, said: str) -> None:
        assert (await self.page.send("CHAT", said))["resultCode"] == "0"

    async def ask_for_human(self) -> None:
        assert (await self.page.send("TRANS2AGENT"))["resultCode"] == "0"

    async def rate(self, stars: int) -> None:
        assert (await self.page.rate(evaluation=str(stars)))["resultCode"] == "0"


@dataclass(slots=True)
class Desk:
    """One desk with agents a and b, a bot at every door, and a receiver written for Tencent."""

    outlet: Outlet
    easemob: EasemobDoor
    huawei: HuaweiDoor

    async def session(self) -> SessionRef:
        [session] = await sessions.of_visitor(self.outlet.shop.desk.store, TENANT, VISITOR, 1)
        return session.ref

    async def told(self) -> list[dict[str, Any]]:
        """All that Tencent's receiver was told of the visitor, and what is told of it now."""
        await self.outlet.publish()
        return [each.body for each in self.outlet.receivers.taken if each.body["ClientUserId"] == VISITOR]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    outlet = await Outlet.open()
    shop = outlet.shop
    await create_tenant(shop.desk, TENANT, "Shop", client_id=CLIENT_ID, secret_id=SECRET_ID)
    await shop.agent("b")
    await shop.settings(channels=tuple(ChannelSettings(channel=each, has_bot=True) for each in Channel))
    await outlet.hook(dialect=Dialect.TENCENT, sdk_app_id="1400000000", customer_service_id="@shop")
    async with easemob_client(shop.desk) as easemob, huawei_client(shop, MemoryBlobs(), POLL_WAIT_S) as huawei:
        vendor, page = Vendor(shop, easemob), await Page(http=huawei, user=VISITOR).enter()
        yield Desk(outlet, EasemobDoor(vendor), HuaweiDoor(page))
    await shop.check()


async def play(desk: Desk, door: Door) -> SessionRef:
    """Bot, waiting, agent a, agent b, who ends it; then five stars."""
    shop = desk.outlet.shop
    others = [await shop.write(visitor, agentUsername=agent) for visitor, agent in (("one", "a"), ("two", "b"))]
    await door.arrive()
    await door.say("怎么退款?")
    await door.ask_for_human()
    await shop.close(others[0])
    await door.say("您好")
    ref = await desk.session()
    await shop.step(send_message(shop.desk, shop.call(), OutgoingMessage(session=ref, text="您好,请讲")))
    await shop.close(others[1])
    await shop.step(transfer_session(shop.desk, shop.call(), ref, TransferTarget(agent="b")))
    await door.say("我要退款")
    await shop.close(ref)
    await door.rate(5)
    return ref


async def test_both_doors_give_the_same_domain_events(desk: Desk) -> None:
    kinds = [await desk.outlet.shop.kinds(await play(desk, door)) for door in (desk.easemob, desk.huawei)]
    assert kinds[0] == kinds[1]
    assert kinds[0].count(EventKind.SESSION_END) == 1


async def test_both_doors_give_the_same_tencent_call_backs(desk: Desk) -> None:
    through_easemob = await desk.told() if await play(desk, desk.easemob) else []
    through_huawei = (await desk.told())[len(through_easemob) :] if await play(desk, desk.huawei) else []
    assert [each["Event"] for each in through_easemob] == EVENTS
    assert [gist(each) for each in through_easemob] == [gist(each) for each in through_huawei]


def gist(body: dict[str, Any]) -> list[object]:
    """Without what says which session it was, and when; of a message its words."""
    return [*map(body.get, SAME), [each["MsgContent"].get("Text") for each in body.get("MsgBody", [])]]


async def test_an_end_by_the_visitors_page_is_told_once(desk: Desk) -> None:
    await desk.huawei.arrive()
    assert (await desk.huawei.page.send("DISCONNECT"))["resultCode"] == "0"
    assert (await desk.huawei.page.send("DISCONNECT"))["resultCode"] == "13"
    counted = Counter(each["Event"] for each in await desk.told())
    assert (counted["SessionUserEnd"], counted["SessionEnd"]) == (1, 1)
