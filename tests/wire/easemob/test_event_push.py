"""Easemob's event push (E19): what a third party hears of sessions, to bind and unbind by."""

import hashlib
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from kefu.domain.channel import Channel
from kefu.domain.delivery import Happening
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.routing_keys import RoutingKeys
from kefu.domain.webhook import Dialect, Webhook
from kefu.wire.easemob.event_push import event_push
from wire.histories import (
    AGENT,
    ANSWERED,
    ASKED,
    ASSIGNED,
    AT,
    BOT_ANSWERED,
    BOT_ASKED,
    FORWARDED,
    HUMAN,
    QUEUED,
    RATED,
    SESSION,
    TENCENT,
    ended,
    history,
)

HOOK: Webhook = replace(TENCENT, dialect=Dialect.EASEMOB, secret="")
CLOSED = history(HUMAN, ASSIGNED, *ended(EventKind.AGENT_END))


def pushed(happening: Happening, webhook: Webhook = HOOK) -> dict[str, Any] | None:
    outgoing = event_push(webhook, happening, AT)
    return msgspec.json.decode(outgoing.body) if outgoing else None


def body(happening: Happening, webhook: Webhook = HOOK) -> dict[str, Any]:
    found = pushed(happening, webhook)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("event", "happened"),
    [
        ("ServiceSessionClosedEvent", CLOSED),
        ("ServiceSessionMessageEvent", history(BOT_ASKED)),
        ("ServiceSessionMessageEvent", history(BOT_ANSWERED)),
        ("ServiceSessionMessageEvent", history(HUMAN, ASSIGNED, ASKED)),
        ("ServiceSessionMessageEvent", history(HUMAN, ASSIGNED, ANSWERED)),
        ("ServiceSessionEnquiryEvent", history(HUMAN, ASSIGNED, RATED)),
    ],
)
def test_e19_an_event_is_pushed_under_the_vendors_name(event: str, happened: list[Happening]) -> None:
    assert body(happened[-1])["event"] == event


@pytest.mark.parametrize(
    "happened",
    [history(), history(HUMAN), history(HUMAN, QUEUED), history(HUMAN, ASSIGNED), history(HUMAN, ASSIGNED, FORWARDED),
     CLOSED[:-1]],
)  # fmt: skip
def test_what_the_vendor_has_no_event_for_is_not_pushed(happened: list[Happening]) -> None:
    assert pushed(happened[-1]) is None


def test_e19_a_closed_session_is_told_whole() -> None:
    told = body(CLOSED[-1])
    assert (told["eventId"], told["timestamp"]) == (f"{SESSION}-5", AT + 4)
    assert told["payload"]["serviceSession"] == {
        "id": SESSION,
        "state": "Terminal",
        "origin_type": "app",
        "timestamp": {"create": AT, "start": AT + 2, "stop": AT + 4},
        "channel": {"id": "APP", "name": "APP", "type": "easemob"},
        "visitor": {
            "id": "your_user_id",
            "name": "your_user_id",
            "channel_user": {"channel_type": "easemob", "im_id": "your_user_id"},
        },
        "agent": {"id": AGENT, "name": AGENT, "type": "agent"},
        "agent_queue": {"id": "G1"},
    }


@pytest.mark.parametrize(
    ("channel", "origin"),
    [("APP", "app"), ("WEB", "webim"), ("WECHAT", "weixin"), ("WEIBO", "weibo"), ("PHONE", "phone"), ("API", "rest")],
)
def test_the_origin_is_the_channel_in_the_vendors_words(channel: str, origin: str) -> None:
    told = body(history(BOT_ASKED, channel=Channel(channel))[-1])
    assert told["payload"]["serviceSession"]["origin_type"] == origin


def test_a_rating_carries_its_score() -> None:
    told = body(history(HUMAN, ASSIGNED, RATED)[-1])
    assert told["payload"]["serviceSession"]["enquiry"]["score"] == 5


def test_a_message_carries_its_text() -> None:
    told = body(history(BOT_ASKED)[-1])["payload"]["message"]
    assert (told["msg"], told["from"], told["type"]) == ("hello", "visitor", "text")


def test_a_session_that_begins_with_attributes_tells_them() -> None:
    begun = history()[0]
    entry: LogEntry = replace(begun.entry, keys=RoutingKeys(business_flag="F", tags=("vip",)))
    told = body(Happening(None, entry, begun.after))
    assert told["event"] == "ServiceSessionAttributesCreateEvent"
    assert told["payload"]["attributes"] == {"businessFlag": "F", "tags": ["vip"]}


def test_a_push_is_signed_as_the_vendor_signs_its_callbacks() -> None:
    told = body(CLOSED[-1], replace(HOOK, secret="key"))
    by_hand = hashlib.md5(f"{told['callId']}key{told['timestamp']}".encode()).hexdigest()  # noqa: S324  the vendor's rule
    assert (told["callId"], told["security"]) == (told["eventId"], by_hand)


def test_without_a_secret_nothing_is_signed() -> None:
    assert not body(CLOSED[-1]).keys() & {"callId", "security"}
