"""`Desk.SessionEventNotify`: tests are named by the rows of the wire format's tables, T and K."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from kefu.domain.bounds import NAME_LENGTH_MAX, TENCENT_QUERY_LENGTH_MAX
from kefu.domain.channel import Channel
from kefu.domain.delivery import Happening
from kefu.domain.instants import SECOND
from kefu.domain.log import EventKind
from kefu.domain.message import MessageSender
from kefu.domain.webhook import Webhook
from kefu.wire.tencent.session_events import EVENT_NAMES, event_body, session_event
from kefu.wire.tencent.signature import sign
from wire.histories import (
    AGENT,
    ANSWERED,
    ASKED,
    ASSIGNED,
    AT,
    BOT_ANSWERED,
    BOT_ASKED,
    FORWARDED,
    GIVEN_UP,
    HUMAN,
    INVITED,
    NOBODY,
    OTHER_AGENT,
    OVERFLOWED,
    QUEUED,
    RATED,
    SESSION,
    TENCENT,
    ended,
    history,
    said,
)

ALWAYS = {
    "CallbackCommand": str,
    "SessionId": str,
    "Event": str,
    "EventTime": int,
    "ChannelType": str,
    "ClientUserId": str,
    "CustomerServiceId": str,
    "AgentId": str,
    "IsContactUser": bool,
}
OF_A_MESSAGE = {"MsgKey": str, "MsgBody": list, "CloudCustomData": str}
AGENT_END = ended(EventKind.AGENT_END)
LIFE = history(BOT_ASKED, BOT_ANSWERED, HUMAN, NOBODY, QUEUED, ASSIGNED, ASKED, ANSWERED, FORWARDED, *AGENT_END, RATED)


def bodies(happened: list[Happening]) -> list[dict[str, Any]]:
    told = [event_body(TENCENT, each) for each in happened]
    return [each for each in told if each]


def events(happened: list[Happening]) -> list[str]:
    return [str(each["Event"]) for each in bodies(happened)]


def last(happened: list[Happening]) -> dict[str, Any]:
    return bodies(happened)[-1]


def url(webhook: Webhook = TENCENT, now: int = AT) -> str:
    outgoing = session_event(webhook, history()[0], now)
    assert outgoing is not None
    return outgoing.url


def query(webhook: Webhook = TENCENT, now: int = AT) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url(webhook, now)).query).items()}


def test_t2_the_command_is_the_same_in_url_and_body() -> None:
    assert {query()["CallbackCommand"], bodies(LIFE)[0]["CallbackCommand"]} == {"Desk.SessionEventNotify"}


@pytest.mark.parametrize("body", bodies(LIFE), ids=events(LIFE))
def test_t3_every_field_that_is_always_there_has_its_type(body: dict[str, Any]) -> None:
    assert {name: type(body[name]) for name in ALWAYS} == ALWAYS


@pytest.mark.parametrize("body", bodies(LIFE), ids=events(LIFE))
def test_t3_c44_a_field_that_an_event_does_not_have_is_left_out(body: dict[str, Any]) -> None:
    own = {"AgentForward": {"ForwardFromAgentId"}, "SatisfactionSelected": {"SatisfactionSelected"}}
    expected = OF_A_MESSAGE.keys() if body["Event"].endswith("SendMsg") else own.get(body["Event"], set())
    assert body.keys() - ALWAYS.keys() == expected


@pytest.mark.parametrize(
    ("event", "happened"),
    [
        ("SessionBegin", history()),
        ("ChatBot.UserSendMsg", history(BOT_ASKED)),
        ("ChatBot.RobotSendMsg", history(BOT_ANSWERED)),
        ("Human.UserSendMsg", history(HUMAN, ASSIGNED, ASKED)),
        ("Human.AgentSendMsg", history(HUMAN, ASSIGNED, ANSWERED)),
        ("TransferringToHuman", history(HUMAN)),
        ("TransferringToHumanWait", history(HUMAN, QUEUED)),
        ("TransferToHumanSuccess", history(HUMAN, ASSIGNED)),
        ("NoAgentOnline", history(HUMAN, NOBODY)),
        ("AgentForward", history(HUMAN, ASSIGNED, FORWARDED)),
        ("SatisfactionSelected", history(HUMAN, ASSIGNED, RATED)),
        ("SessionUserEnd", history(ended(EventKind.USER_END)[0])),
        ("SessionAgentEnd", history(HUMAN, ASSIGNED, AGENT_END[0])),
        ("SessionUserTimeoutEnd", history(ended(EventKind.USER_TIMEOUT_END)[0])),
        ("SessionAgentTimeoutEnd", history(HUMAN, ASSIGNED, ended(EventKind.AGENT_TIMEOUT_END)[0])),
        ("SessionPendingAutoFinishEnd", history(HUMAN, QUEUED, ended(EventKind.PENDING_AUTO_END, None)[0])),
        ("SessionEnd", history(HUMAN, ASSIGNED, *AGENT_END)),
    ],
)
def test_t4_each_of_the_seventeen_comes_of_its_domain_event(event: str, happened: list[Happening]) -> None:
    assert events(happened)[-1] == event


def test_t4_there_are_seventeen() -> None:
    assert len(set(EVENT_NAMES.values())) == 17


@pytest.mark.parametrize(
    "happened", [history(HUMAN, QUEUED, OVERFLOWED), history(HUMAN, ASSIGNED, INVITED)], ids=["overflow", "invitation"]
)
def test_t4_what_tencent_has_no_event_for_is_not_told(happened: list[Happening]) -> None:
    assert event_body(TENCENT, happened[-1]) is None
    assert session_event(TENCENT, happened[-1], AT) is None


def test_t5_c43_a_message_comes_with_its_key_its_body_and_its_custom_data() -> None:
    body = last(history(BOT_ASKED))
    assert re.fullmatch(r"2_1725540020_\d+", body["MsgKey"])
    assert body["MsgBody"] == [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
    assert body["CloudCustomData"] == ""


def test_t6_no_session_is_begun_by_an_agent() -> None:
    assert {each["IsContactUser"] for each in bodies(LIFE)} == {False}


def test_t7_a_rating_carries_its_stars() -> None:
    assert last(LIFE)["SatisfactionSelected"] == 5


@pytest.mark.parametrize(("channel", "told"), [(Channel.APP, "SDK"), (Channel.WEB, "Web(H5)"), (Channel.API, "SDK")])
def test_t8_c47_the_channel_type_follows_the_entry_channel(channel: Channel, told: str) -> None:
    assert last(history(channel=channel))["ChannelType"] == told


def test_the_agent_is_named_in_the_human_stage_alone() -> None:
    named = {each["Event"]: each["AgentId"] for each in bodies(LIFE)}
    assert named == {
        "SessionBegin": "",
        "ChatBot.UserSendMsg": "",
        "ChatBot.RobotSendMsg": "",
        "TransferringToHuman": "",
        "NoAgentOnline": "",
        "TransferringToHumanWait": "",
        "TransferToHumanSuccess": AGENT,
        "Human.UserSendMsg": AGENT,
        "Human.AgentSendMsg": AGENT,
        "AgentForward": OTHER_AGENT,
        "SessionAgentEnd": AGENT,
        "SessionEnd": AGENT,
        "SatisfactionSelected": OTHER_AGENT,
    }


def test_that_nobody_is_online_names_nobody() -> None:
    assert last(history(HUMAN, ASSIGNED, NOBODY))["AgentId"] == ""


def test_a_forward_names_who_gave_it_up() -> None:
    assert last(history(HUMAN, ASSIGNED, FORWARDED))["ForwardFromAgentId"] == AGENT


def test_a_forward_to_a_group_names_no_new_agent_yet() -> None:
    told = bodies(history(HUMAN, ASSIGNED, GIVEN_UP, QUEUED))
    assert [(each["Event"], each["AgentId"]) for each in told[-2:]] == [
        ("AgentForward", ""),
        ("TransferringToHumanWait", ""),
    ]


def test_what_waits_and_is_moved_was_forwarded_by_no_agent() -> None:
    moved: tuple[EventKind, dict[str, object]] = (EventKind.TRANSFERRED, {"skill_group": "G2"})
    assert events(history(HUMAN, QUEUED, moved))[-1] == "TransferringToHumanWait"


def test_k1_c45_a_life_from_bot_to_rating_is_told_in_order() -> None:
    happened = history(BOT_ASKED, BOT_ANSWERED, HUMAN, QUEUED, ASSIGNED, ASKED, ANSWERED, *AGENT_END, RATED)
    assert events(happened) == [
        "SessionBegin",
        "ChatBot.UserSendMsg",
        "ChatBot.RobotSendMsg",
        "TransferringToHuman",
        "TransferringToHumanWait",
        "TransferToHumanSuccess",
        "Human.UserSendMsg",
        "Human.AgentSendMsg",
        "SessionAgentEnd",
        "SessionEnd",
        "SatisfactionSelected",
    ]
    assert last(happened)["SatisfactionSelected"] == 5


def test_t1_k3_c41_c42_the_url_has_five_parameters_in_this_order() -> None:
    expected = (
        "https://shop.example/hooks?SdkAppid=1400000000&CallbackCommand=Desk.SessionEventNotify"
        "&contenttype=json&ClientIP=127.0.0.1&OptPlatform=RESTAPI"
    )
    assert url(replace(TENCENT, secret="")) == f"{expected}&RequestID={SESSION}-1"


def test_k3_a_url_that_has_a_query_keeps_it() -> None:
    assert query(replace(TENCENT, url="https://shop.example/hooks?shop=1"))["shop"] == "1"


def test_k3_what_comes_behind_a_url_fits_into_what_a_webhook_leaves_for_it() -> None:
    longest = replace(TENCENT, sdk_app_id="1" * NAME_LENGTH_MAX)
    outgoing = session_event(longest, replace(LIFE[-1], entry=replace(LIFE[-1].entry, seq=10**9)), AT)
    assert outgoing is not None
    assert len(outgoing.url) - len(TENCENT.url) <= TENCENT_QUERY_LENGTH_MAX


def test_k4_the_sign_is_of_token_and_time() -> None:
    assert sign("mytoken", "1725540020") == "21b6ab3daffc2a0716a2ee91917cb65989833d4a6d141c3e1744d9cf19e56d6f"


def test_k4_a_request_carries_sign_and_time_of_the_attempt() -> None:
    sent, again = query(now=1_725_540_020 * SECOND), query(now=1_725_540_320 * SECOND)
    assert (sent["RequestTime"], sent["Sign"]) == ("1725540020", sign("mytoken", "1725540020"))
    assert (again["RequestTime"], again["Sign"]) == ("1725540320", sign("mytoken", "1725540320"))


def test_k4_without_a_token_nothing_is_signed() -> None:
    assert not query(replace(TENCENT, secret="")).keys() & {"Sign", "RequestTime"}


def test_k5_the_time_is_a_number_of_milliseconds() -> None:
    outgoing = session_event(TENCENT, history()[0], AT)
    assert outgoing is not None
    assert b'"EventTime":1725540020017,' in outgoing.body
    assert msgspec.json.decode(outgoing.body)["EventTime"] == 1_725_540_020_017


def test_who_is_declined_is_told_of_as_one_who_never_got_as_far_as_a_human() -> None:
    why = said(EventKind.BOT_MESSAGE, MessageSender.SYSTEM, "明天见")
    assert events(history(ASKED, why, *ended(EventKind.DECLINED, None))) == [
        "SessionBegin",
        "Human.UserSendMsg",
        "ChatBot.RobotSendMsg",
        "SessionPendingAutoFinishEnd",
        "SessionEnd",
    ]
