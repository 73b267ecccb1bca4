"""K7: our own receiver of Tencent's call-backs, with the sample of the vendor's page, our own sender's, and garbage."""

from typing import Any

import msgspec
import pytest

from kefu.domain.log import EventKind
from kefu.wire.tencent.receiver import NoEvent, read_event
from kefu.wire.tencent.session_events import event_body
from kefu.wire.tencent.signature import VALID_FOR_S, sign
from wire.histories import ANSWERED, ASSIGNED, HUMAN, RATED, TENCENT, ended, history

APP = "1400000000"
QUERY = {"SdkAppid": APP}
NOW_S = 1_725_540_020
SAMPLE: dict[str, Any] = {
    "CallbackCommand": "Desk.SessionEventNotify",
    "SessionId": "2baf4d84-beb4-4607-a1ea-6ebcaef3e0e6",
    "Event": "ChatBot.UserSendMsg",
    "EventTime": 1725540020017,
    "ChannelType": "SDK",
    "ClientUserId": "your_user_id",
    "CustomerServiceId": "@customer_service_account",
    "AgentId": "test@qq.com",
    "MsgKey": "152_1600012345_abcdefg",
    "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "请问如何申请退费?"}}],
    "CloudCustomData": "your cloud custom data",
    "IsContactUser": False,
    "SatisfactionSelected": 5,
}


def body(**changed: object) -> bytes:
    return msgspec.json.encode(SAMPLE | changed)


def test_k7_the_sample_is_read() -> None:
    event = read_event(QUERY, body(), sdk_app_id=APP, now_s=NOW_S)
    assert (event.text, event.at_ms, event.agent) == ("请问如何申请退费?", 1_725_540_020_017, "test@qq.com")


def test_k7_c44_stars_on_a_message_mean_nothing() -> None:
    assert read_event(QUERY, body(), sdk_app_id=APP, now_s=NOW_S).stars is None


def test_k7_stars_of_a_rating_count() -> None:
    event = read_event(QUERY, body(Event="SatisfactionSelected"), sdk_app_id=APP, now_s=NOW_S)
    assert event.stars == 5


@pytest.mark.parametrize("stars", [0, 6, "5", 5.0, True, None])
def test_stars_that_are_none_are_none(stars: object) -> None:
    event = read_event(
        QUERY, body(Event="SatisfactionSelected", SatisfactionSelected=stars), sdk_app_id=APP, now_s=NOW_S
    )
    assert event.stars is None


def test_an_element_of_an_unknown_type_is_kept() -> None:
    odd = {"MsgType": "TIMNewElem", "MsgContent": {"New": 1}}
    assert read_event(QUERY, body(MsgBody=[odd]), sdk_app_id=APP, now_s=NOW_S).elements == [odd]


@pytest.mark.parametrize("name", ["SdkAppid", "SDKAppID", "sdkappid"])
def test_c40_c41_the_applications_number_is_read_in_any_case(name: str) -> None:
    assert read_event({name: APP}, body(), sdk_app_id=APP, now_s=NOW_S)


def test_another_applications_is_refused() -> None:
    with pytest.raises(NoEvent, match="another"):
        read_event({"SdkAppid": "1"}, body(), sdk_app_id=APP, now_s=NOW_S)


@pytest.mark.parametrize("difference", [-VALID_FOR_S, 0, VALID_FOR_S])
def test_a_signed_request_is_good_for_a_minute(difference: int) -> None:
    signed = QUERY | {"RequestTime": str(NOW_S), "Sign": sign("mytoken", str(NOW_S))}
    assert read_event(signed, body(), sdk_app_id=APP, token="mytoken", now_s=NOW_S + difference)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"RequestTime": str(NOW_S)},
        {"RequestTime": str(NOW_S), "Sign": sign("other", str(NOW_S))},
        {"RequestTime": str(NOW_S - 61), "Sign": sign("mytoken", str(NOW_S - 61))},
        {"RequestTime": "now", "Sign": sign("mytoken", "now")},
    ],
    ids=["unsigned", "without a sign", "another token", "too old", "no time"],
)
def test_what_is_not_signed_with_the_token_in_time_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(NoEvent):
        read_event(QUERY | query, body(), sdk_app_id=APP, token="mytoken", now_s=NOW_S)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 10_000,
        body(CallbackCommand="Other"),
        body(Event="Unheard"),
        body(Event=[]),
        body(SessionId=""),
        body(SessionId=7),
        body(EventTime="1725540020017"),
        body(EventTime=True),
    ],
)
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(NoEvent):
        read_event(QUERY, garbage, sdk_app_id=APP, now_s=NOW_S)


@pytest.mark.parametrize("field", ["MsgBody", "ClientUserId", "AgentId", "SatisfactionSelected", "MsgKey"])
@pytest.mark.parametrize("value", [None, 7, "x", [7], {"a": 1}])
def test_a_field_of_another_type_does_not_fail(field: str, value: object) -> None:
    assert read_event(QUERY, body(**{field: value}), sdk_app_id=APP, now_s=NOW_S).text in {"", "请问如何申请退费?"}


def test_what_we_send_we_read() -> None:
    happened = history(HUMAN, ASSIGNED, ANSWERED, *ended(EventKind.AGENT_END), RATED)
    sent = [msgspec.json.encode(event_body(TENCENT, each)) for each in happened]
    read = [read_event(QUERY, each, sdk_app_id=APP, now_s=NOW_S) for each in sent]
    assert ([each.event for each in read][-1], read[-1].stars, read[3].text) == ("SatisfactionSelected", 5, "hello")
