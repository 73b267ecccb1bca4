"""H6: a robot's words as items. No bot answers yet, so the log entry is written here."""

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


def test_h08_an_end_by_time_out_is_the_systems() -> None:
    [item] = items(VISITOR, SESSION, LogEntry(seq=3, kind=EventKind.USER_TIMEOUT_END, at=6), None)
    assert (item["controlType"], item["sourceType"], item["senderNickname"]) == ("DISCONNECT", "SYSTEM", "system")
