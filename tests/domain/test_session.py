import pytest

from kefu.domain.channel import Channel
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.session import LEGAL, IllegalEvent, Session, SessionState, apply, fold
from kefu.domain.session_ref import SessionRef

REF = SessionRef("V", Channel.APP, 1, "s")


def a_session(state: SessionState) -> Session:
    return Session(ref=REF, state=state, started_at=0, last_seq=3)


@pytest.mark.parametrize("state", SessionState)
@pytest.mark.parametrize("kind", [kind for kind in EventKind if kind is not EventKind.SESSION_BEGIN])
def test_an_event_happens_only_in_the_states_that_allow_it(kind: EventKind, state: SessionState) -> None:
    entry = LogEntry(seq=4, kind=kind, at=1)
    if state in LEGAL[kind]:
        assert apply(a_session(state), entry).last_seq == 4
    else:
        with pytest.raises(IllegalEvent):
            apply(a_session(state), entry)


@pytest.mark.parametrize("seq", [3, 5])
def test_no_number_is_skipped_or_given_twice(seq: int) -> None:
    with pytest.raises(IllegalEvent):
        apply(a_session(SessionState.ACTIVE), LogEntry(seq=seq, kind=EventKind.USER_MESSAGE, at=1))


@pytest.mark.parametrize(
    "entry",
    [
        LogEntry(seq=1, kind=EventKind.USER_MESSAGE, at=1, ref=REF),
        LogEntry(seq=2, kind=EventKind.SESSION_BEGIN, at=1, ref=REF),
        LogEntry(seq=1, kind=EventKind.SESSION_BEGIN, at=1),
    ],
)
def test_a_log_begins_with_the_beginning(entry: LogEntry) -> None:
    with pytest.raises(IllegalEvent):
        fold([entry])


def test_a_session_begins_once() -> None:
    begin = LogEntry(seq=1, kind=EventKind.SESSION_BEGIN, at=1, ref=REF)
    with pytest.raises(IllegalEvent):
        fold([begin, LogEntry(seq=2, kind=EventKind.SESSION_BEGIN, at=1, ref=REF)])


def test_nothing_is_no_log() -> None:
    with pytest.raises(IllegalEvent):
        fold([])
