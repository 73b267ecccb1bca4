"""Tencent's call-backs on their way: tests are named by the K rows."""

import pytest

from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.agent import AgentStatus
from kefu.domain.instants import HOUR, MINUTE, SECOND
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.webhook import Dialect
from kefu.wire.tencent.signature import sign
from webhooks.stage import Outlet

WAITS = (5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR)


@pytest.fixture
async def outlet() -> Outlet:
    outlet = await Outlet.open()
    await outlet.hook(dialect=Dialect.TENCENT, sdk_app_id="1400000000", secret="mytoken")
    return outlet


async def answer(outlet: Outlet, session: SessionRef) -> None:
    message = OutgoingMessage(session=session, text="您好")
    await outlet.shop.step(send_message(outlet.shop.desk, outlet.shop.call(), message))


def events(outlet: Outlet) -> list[tuple[str, str]]:
    return [(each.body["Event"], each.body["AgentId"]) for each in outlet.receivers.taken]


async def test_k1_from_queue_to_agent_to_end(outlet: Outlet) -> None:
    await outlet.shop.turn("a", AgentStatus.OFFLINE)
    session = await outlet.shop.write("V")
    await outlet.shop.turn("a", AgentStatus.ONLINE)
    await outlet.shop.write("V")
    await answer(outlet, session)
    await outlet.shop.close(session)
    await outlet.publish()
    assert events(outlet) == [
        ("SessionBegin", ""),
        ("Human.UserSendMsg", ""),
        ("TransferringToHuman", ""),
        ("NoAgentOnline", ""),
        ("TransferringToHumanWait", ""),
        ("TransferToHumanSuccess", "a"),
        ("Human.UserSendMsg", "a"),
        ("Human.AgentSendMsg", "a"),
        ("SessionAgentEnd", "a"),
        ("SessionEnd", "a"),
    ]


async def test_t4_a_transfer_between_agents_is_a_forward(outlet: Outlet) -> None:
    await outlet.shop.agent("b")
    session = await outlet.shop.write("V", agentUsername="a")
    target = TransferTarget(agent="b")
    await outlet.shop.step(transfer_session(outlet.shop.desk, outlet.shop.call(), session, target))
    await outlet.publish()
    assert events(outlet)[-1] == ("AgentForward", "b")
    assert outlet.receivers.taken[-1].body["ForwardFromAgentId"] == "a"


async def test_k6_c46_a_receiver_that_fails_changes_nothing_in_the_session(outlet: Outlet) -> None:
    outlet.receivers.takes = lambda _: False
    session = await outlet.shop.write("V")
    await outlet.publish()
    assert (await outlet.shop.session(session)).state is SessionState.ACTIVE
    await outlet.shop.close(session)
    assert (await outlet.shop.session(session)).state is SessionState.CLOSED


async def test_k6_every_attempt_has_the_same_request_id_and_a_sign_of_its_own(outlet: Outlet) -> None:
    outlet.receivers.takes = lambda _: False
    session = await outlet.shop.write("V")
    await outlet.publish()
    for wait in WAITS:
        await outlet.tick(wait)
    begun = [each for each in outlet.receivers.got if each.body["Event"] == "SessionBegin"]
    assert [each.query["RequestID"] for each in begun] == [f"{session.id}-1"] * 8
    times = [each.query["RequestTime"] for each in begun]
    assert times == [str(each.at // SECOND) for each in begun]
    assert [each.query["Sign"] for each in begun] == [sign("mytoken", each) for each in times]


async def test_k6_what_was_given_up_is_a_dead_letter_and_the_session_goes_on(outlet: Outlet) -> None:
    outlet.receivers.takes = lambda outgoing: b"SessionBegin" not in outgoing.body
    await outlet.shop.write("V")
    await outlet.publish()
    for wait in WAITS:
        await outlet.tick(wait)
    assert events(outlet)[0] == ("Human.UserSendMsg", "")
    assert [each.seq for each in await outlet.deliveries()] == [1]


async def test_k8_two_events_a_millisecond_apart_arrive_in_order(outlet: Outlet) -> None:
    session = await outlet.shop.write("V")
    await answer(outlet, session)
    await outlet.shop.write("V")
    await outlet.publish()
    told = [(each.body["Event"], each.body["EventTime"]) for each in outlet.receivers.taken]
    assert [event for event, _ in told[-2:]] == ["Human.AgentSendMsg", "Human.UserSendMsg"]
    assert told[-1][1] - told[-2][1] == 1
