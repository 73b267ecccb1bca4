"""What visitors' clients are told; rows X2, X3, X14, X15, vectors X-11 and X-14, oddities c14, c19, c21."""

from dataclasses import replace
from typing import Any

import pytest
from shop import OFFLINE, PARTNER, TENANT

from kefu.desk.call import Call, Role
from kefu.desk.deadlines import look_at_each_due
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.instants import MINUTE
from kefu.domain.log import EventKind
from kefu.domain.message import MessageType
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.timeouts import Timeouts
from wire.easemob.vendor import Vendor, bearer, failed, text

IDENTITY = {"userNickname": "小客", "avatar": "https://x.example/a.png"}


@pytest.fixture
async def served(vendor: Vendor) -> SessionRef:
    """V's session with c, whose nickname and avatar are known; V has been told of all so far."""
    named = AgentChange(user_name="c", nickname=IDENTITY["userNickname"], avatar_url=IDENTITY["avatar"])
    await vendor.shop.step(save_agent(vendor.shop.desk, vendor.shop.call(), named))
    ref = await vendor.write(text())
    await vendor.told()
    return ref


async def answered(vendor: Vendor, ref: SessionRef, **given: Any) -> dict[str, Any]:
    """What the visitor is told of an agent's answer."""
    message = replace(OutgoingMessage(session=ref, text="您好"), **given)
    await vendor.shop.step(send_message(vendor.shop.desk, Call(by=PARTNER), message))
    [told] = await vendor.told()
    return told


async def transferred(vendor: Vendor, ref: SessionRef, to: str) -> dict[str, Any]:
    await vendor.shop.step(transfer_session(vendor.shop.desk, vendor.shop.call(), ref, TransferTarget(agent=to)))
    [told] = await vendor.told()
    return told


async def test_x02_vector_x14_an_answer_says_who_gives_it(vendor: Vendor, served: SessionRef) -> None:
    told = await answered(vendor, served)
    assert (told["msg"], told["ext"]["weichat"]["agent"]) == ({"type": "txt", "msg": "您好"}, IDENTITY)


async def test_x02_vector_x14_unless_the_tenant_switched_that_off(vendor: Vendor, served: SessionRef) -> None:
    await vendor.shop.settings(shows_agent_to_visitor=False)
    assert "agent" not in (await answered(vendor, served))["ext"]["weichat"]


async def test_x02_switched_off_an_agents_own_ext_does_not_bring_it_back(vendor: Vendor, served: SessionRef) -> None:
    await vendor.shop.settings(shows_agent_to_visitor=False)
    told = await answered(vendor, served, ext={"weichat": {"agent": IDENTITY}})
    assert "agent" not in told["ext"]["weichat"]


async def test_x02_switched_off_events_do_not_name_him_either(vendor: Vendor, served: SessionRef) -> None:
    await vendor.shop.settings(shows_agent_to_visitor=False)
    weichat = (await transferred(vendor, served, "a"))["ext"]["weichat"]
    about = weichat["event"]["eventObj"]
    assert ("agent" in weichat, about["agentUserNiceName"], about["avatar"]) == (False, "", "")


async def test_an_answer_carries_its_own_id_and_the_sessions(vendor: Vendor, served: SessionRef) -> None:
    weichat = (await answered(vendor, served))["ext"]["weichat"]
    assert weichat["service_session"] == {"serviceSessionId": served.id}
    assert weichat["msgId"] == (await vendor.last_message(served)).id


async def test_x03_c14_a_transfer_is_told_by_a_command_with_its_event(vendor: Vendor, served: SessionRef) -> None:
    told = await transferred(vendor, served, "a")
    assert told["msg"] == {"type": "cmd", "action": "transfer"}
    assert told["ext"]["weichat"]["event"]["eventName"] == "ServiceSessionTransferedEvent"
    assert told["ext"]["weichat"]["agent"] == {"userNickname": "a", "avatar": ""}


async def test_x03_c21_the_event_says_to_whom(vendor: Vendor, served: SessionRef) -> None:
    told = await transferred(vendor, served, "a")
    assert told["ext"]["weichat"]["event"]["eventObj"] == {
        "sessionId": served.id,
        "userId": "a",
        "agentType": 1,
        "avatar": "",
        "agentUserNiceName": "a",
    }


async def test_x03_c21_or_a_plain_null_where_the_tenant_wants_it(vendor: Vendor, served: SessionRef) -> None:
    await vendor.shop.settings(has_transfer_object=False)
    told = await transferred(vendor, served, "a")
    assert told["ext"]["weichat"]["event"]["eventObj"] is None


async def test_c21_only_the_transfers_event_may_be_null(vendor: Vendor, served: SessionRef) -> None:
    await vendor.shop.settings(has_transfer_object=False)
    await vendor.shop.close(served)
    [closed] = await vendor.told()
    assert closed["ext"]["weichat"]["event"]["eventObj"]["sessionId"] == served.id


async def test_a_session_is_told_from_its_begin_to_its_end(vendor: Vendor) -> None:
    await vendor.told()
    await vendor.shop.turn("c", OFFLINE)
    ref = await vendor.write(text())
    await vendor.shop.close(ref)
    weichat = [each["ext"]["weichat"] for each in await vendor.told()]
    assert [each["event"]["eventName"] for each in weichat] == [
        "ServiceSessionCreatedEvent",
        "ServiceSessionTransferedToAgentQueueEvent",
        "ServiceSessionClosedEvent",
    ]
    assert [each["service_session"]["serviceSessionId"] for each in weichat] == [ref.id] * 3


ITEMS = [{"id": "1", "name": "1.列表内容"}, {"id": "2", "name": "2.列表内容"}]
LIST = ["1.列表内容...", "2.列表内容..."]
MENUS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "x14 entries with ids": ({"items": ITEMS, "title": "t"}, {"items": ITEMS, "title": "t"}),
    "x15 plain entries": ({"title": "t", "list": LIST}, {"title": "t", "list": LIST}),
    "c19 both": ({"title": "t", "items": ITEMS, "list": LIST}, {"title": "t", "items": ITEMS}),
    "c19 no entries with ids": ({"title": "t", "items": [], "list": LIST}, {"title": "t", "items": [], "list": LIST}),
}


@pytest.mark.parametrize(("menu", "shown"), MENUS.values(), ids=MENUS)
async def test_x14_x15_vector_x07_a_menu_goes_out_in_one_shape(
    vendor: Vendor, served: SessionRef, menu: dict[str, Any], shown: dict[str, Any]
) -> None:
    told = await answered(vendor, served, text="", ext={"msgtype": {"choice": menu}})
    assert (told["msg"]["msg"], told["ext"]["msgtype"]) == (" ", {"choice": shown})


async def test_an_agents_own_ext_does_not_replace_what_the_desk_says(vendor: Vendor, served: SessionRef) -> None:
    own = {"weichat": {"service_session": {"serviceSessionId": "another"}, "language": "zh"}, "type": "html/form"}
    ext = (await answered(vendor, served, ext=own))["ext"]
    assert ext["weichat"]["service_session"] == {"serviceSessionId": served.id}
    assert (ext["weichat"]["language"], ext["type"]) == ("zh", "html/form")


async def test_other_contents_go_out_with_what_they_carry(vendor: Vendor, served: SessionRef) -> None:
    told = await answered(vendor, served, text="", type=MessageType.IMAGE, payload={"url": "https://x.example/a"})
    assert told["msg"] == {"url": "https://x.example/a", "type": "img", "msg": " "}


async def test_a_command_goes_out_with_its_action(vendor: Vendor, served: SessionRef) -> None:
    told = await answered(vendor, served, text="", type=MessageType.COMMAND, payload={"action": "shake"})
    assert told["msg"] == {"type": "cmd", "action": "shake"}


@pytest.mark.parametrize("message_id", ["m1", 7])
async def test_vector_x11_who_asks_for_it_gets_an_acknowledgement(
    vendor: Vendor, served: SessionRef, message_id: str | int
) -> None:
    await vendor.write(text("你好", msg_id_for_ack=message_id))
    [told] = await vendor.told()
    assert told["msg"] == {"type": "cmd", "action": "KF-ACK"}
    assert told["ext"]["weichat"]["ack_for_msg_id"] == message_id


async def test_vector_x11_nobody_else_gets_one(vendor: Vendor, served: SessionRef) -> None:
    await vendor.write(text("你好"))
    assert await vendor.told() == []


async def test_the_web_client_reads_the_same_in_its_own_envelope(vendor: Vendor) -> None:
    asked = {"tenantId": TENANT, "visitorEasemobId": "V", "easemobId": "kefu", "waitSeconds": "0"}
    headers = {"Kefu-Token": vendor.token}
    start = await vendor.answer("GET", f"/api/platform/tenants/{TENANT}/messages", params=asked, headers=headers)
    ref = await vendor.write(text())
    asked["cursor"] = start["cursor"]
    created, _ = (await vendor.answer("GET", "/v1/imgateway/messages", params=asked, headers=headers))["entities"]
    assert created["bodies"] == [{"type": "cmd", "action": "ServiceSessionCreatedEvent"}]
    assert created["ext"]["weichat"]["service_session"] == {"serviceSessionId": ref.id}
    assert (created["from"], created["to"]) == ("kefu", "V")


POLLS = {
    "cursor": ["garbage", "€", "W10", "WyJ4IiwieCIsMF0", "A" * 5_000, "\x00"],
    "waitSeconds": ["soon", "-1", "nan", "inf", "", "1,5"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in POLLS.items() for value in values])
async def test_a_poll_with_garbage_is_refused(vendor: Vendor, name: str, value: str) -> None:
    headers = bearer(Role.VISITOR, "V", vendor.shop)
    path = f"/api/platform/tenants/{TENANT}/messages"
    assert await vendor.answer("GET", path, params={name: value}, headers=headers) == failed("API_001")


async def test_a_partner_polls_for_a_visitor_whom_he_names(vendor: Vendor) -> None:
    path, headers = f"/api/platform/tenants/{TENANT}/messages", {"Kefu-Token": vendor.token}
    assert await vendor.answer("GET", path, headers=headers, params={"waitSeconds": "0"}) == failed("API_001")
    named = await vendor.answer("GET", path, headers=headers, params={"waitSeconds": "0", "visitor": "V"})
    assert named["status"] == "OK"


async def test_x15_who_waits_is_warned_and_offered_to_leave_a_message_by_a_string(vendor: Vendor) -> None:
    await vendor.shop.settings(timeouts=Timeouts(pending_ms=2 * MINUTE, warning_ms=MINUTE, warning_text="还在吗？"))
    await vendor.shop.turn("c", OFFLINE)
    await vendor.write(text())
    await vendor.told()
    vendor.shop.clock.advance(2 * MINUTE)
    await vendor.shop.step(look_at_each_due(vendor.shop.desk))
    [told] = await vendor.told()
    event = told["ext"]["weichat"]["event"]
    assert told["msg"] == {"type": "txt", "msg": "还在吗？"}
    assert event["eventName"] == "ServiceSessionWillScheduleTimeoutEvent"
    assert event["eventObj"]["ticketEnable"] == "true"
    assert "serviceSessionId" in told["ext"]["weichat"]["service_session"]


async def test_x15_who_is_served_is_warned_and_offered_nothing(vendor: Vendor, served: SessionRef) -> None:
    await vendor.shop.settings(timeouts=Timeouts(visitor_ms=2 * MINUTE, warning_ms=MINUTE))
    await answered(vendor, served)
    vendor.shop.clock.advance(2 * MINUTE)
    await vendor.shop.step(look_at_each_due(vendor.shop.desk))
    [told] = await vendor.told()
    assert told["ext"]["weichat"]["event"]["eventObj"]["ticketEnable"] == "false"


async def test_x15_a_visitor_is_not_told_that_his_agent_is_late(vendor: Vendor, served: SessionRef) -> None:
    await vendor.shop.settings(timeouts=Timeouts(agent_ms=2 * MINUTE, warning_ms=MINUTE))
    vendor.shop.clock.advance(2 * MINUTE)
    await vendor.shop.step(look_at_each_due(vendor.shop.desk))
    assert EventKind.TIMEOUT_WARNED in await vendor.shop.kinds(served)
    assert await vendor.told() == []


async def test_x15_an_end_for_silence_closes_the_clients_session(vendor: Vendor, served: SessionRef) -> None:
    await vendor.shop.settings(timeouts=Timeouts(agent_ms=MINUTE))
    vendor.shop.clock.advance(MINUTE)
    await vendor.shop.step(look_at_each_due(vendor.shop.desk))
    [told] = await vendor.told()
    assert told["ext"]["weichat"]["event"]["eventName"] == "ServiceSessionClosedEvent"
    assert told["ext"]["weichat"]["service_session"]["serviceSessionId"] == served.id


async def test_p27_a_client_that_polls_by_a_cursor_waits_on(vendor: Vendor) -> None:
    await vendor.shop.settings(timeouts=Timeouts(pending_ms=2 * MINUTE))
    await vendor.shop.turn("c", OFFLINE)
    ref = await vendor.write(text())
    for _ in range(3):
        vendor.shop.clock.advance(MINUTE)
        await vendor.told()
        await vendor.shop.step(look_at_each_due(vendor.shop.desk))
    assert (await vendor.shop.session(ref)).state is SessionState.WAITING
