"""H6: a robot's words as items. No bot answers yet, so the log entry is written here."""

import pytest

from kefu.desk.web_tokens import WebVisitor
from kefu.domain.channel import Channel
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.message import Message, MessageSender, MessageType
from kefu.domain.session import Session
from kefu.domain.session_ref import SessionRef
from kefu.wire.huawei.downlink import is_told, items
from wire.huawei.office import ENTRY

VISITOR = WebVisitor(tenant="1", user_name="v", nickname="", channel_config_id=ENTRY, locale="en", expires_at=0)
SESSION = Session(ref=SessionRef("v", Channel.WEB, 1, "s"), started_at=0, last_seq=1)


def said(payload: str = "", type_: MessageType = MessageType.TEXT) -> LogEntry:
    message = Message(id="m", sender=MessageSender.BOT, text="Which?", payload=payload, type=type_, sent_at=5)
    return LogEntry(seq=2, kind=EventKind.BOT_MESSAGE, at=5, message=message)


def test_h06_a_robots_words_come_from_a_robot_with_its_similar_questions() -> None:
    [item] = items(VISITOR, SESSION, said('{"simQuestions": ["a", "b", 3]}'), None)
    assert (item["sourceType"], item["content"], item["simQuestions"]) == ("ROBOT", "Which?", ["a", "b"])
    assert (item["interIdx"], item["queueFlag"], item["timestamp"]) == ("m", None, 5)


def test_h06_a_robot_may_offer_none() -> None:
    [item] = items(VISITOR, SESSION, said(), None)
    assert item["simQuestions"] is None


def test_h06_a_robots_commands_are_not_told() -> None:
    assert is_told(said(), is_newest=True)
    assert not is_told(said(type_=MessageType.COMMAND), is_newest=True)


@pytest.mark.parametrize("end", [EventKind.USER_TIMEOUT_END, EventKind.AGENT_TIMEOUT_END, EventKind.PENDING_AUTO_END])
def test_h08_an_end_by_time_out_is_the_systems(end: EventKind) -> None:
    [item] = items(VISITOR, SESSION, LogEntry(seq=3, kind=end, at=6), None)
    assert (item["controlType"], item["sourceType"], item["senderNickname"]) == ("DISCONNECT", "SYSTEM", "system")


def test_h08_before_that_the_system_warns_in_words() -> None:
    message = Message(id="m", sender=MessageSender.SYSTEM, text="还在吗？", sent_at=6)
    warned = LogEntry(seq=3, kind=EventKind.TIMEOUT_WARNED, at=6, message=message)
    [item] = items(VISITOR, SESSION, warned, None)
    assert is_told(warned, is_newest=True)
    assert (item["controlType"], item["mediaType"], item["sourceType"]) == ("CHAT", "TEXT", "SYSTEM")
    assert (item["content"], item["queueFlag"]) == ("还在吗？", None)


def test_h08_that_the_agent_is_late_is_not_told() -> None:
    assert not is_told(LogEntry(seq=3, kind=EventKind.TIMEOUT_WARNED, at=6), is_newest=True)
