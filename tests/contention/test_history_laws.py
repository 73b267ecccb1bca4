"""A true history passes; each one that was forged by hand is refused by the law it breaks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random

import msgspec
import pytest

from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.domain.agent import AgentStatus
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.session_ref import SessionRef
from kefu.records import keys, sessions
from kefu.store.memory import MemoryStore
from kefu.store.port import Span
from kefu.testing.clocks import ManualClock
from kefu.testing.contention.history import history_of
from kefu.testing.contention.history_laws import HISTORY_LAWS, hold_history
from kefu.testing.contention.journal import (
    DONE,
    FAULT,
    Answered,
    Asked,
    Begun,
    Ended,
    Entry,
    Journal,
    Seen,
    read_journals,
)
from kefu.testing.contention.plan import Plan
from kefu.testing.contention.recorded_store import Doing, RecordedStore, doing
from kefu.testing.contention.requests import Answers, Closes, Request, Result, Turns, Writes
from kefu.testing.laws import LawBroken
from kefu.testing.ledger import Ledger, read_ledger

A, B = "a", "b"


@dataclass(frozen=True, slots=True)
class Told:
    """What a run leaves behind."""

    ledger: Ledger
    entries: Sequence[Entry]
    first: SessionRef
    """Held by A until it was closed."""
    second: SessionRef
    """Waited for A, who took it when the first was closed."""
    third: SessionRef
    """Waited behind the second, and was B's in the end."""

    def hold(self) -> None:
        hold_history(history_of("1", self.ledger, self.entries))

    def with_log(self, ref: SessionRef, change: Callable[[LogEntry], LogEntry]) -> "Told":
        logs = {**self.ledger.logs, ref.id: [change(entry) for entry in self.ledger.logs[ref.id]]}
        return replace(self, ledger=replace(self.ledger, logs=logs))

    def with_entries(self, change: Callable[[Entry], Entry]) -> "Told":
        return replace(self, entries=[change(entry) for entry in self.entries])


@dataclass(slots=True)
class Story:
    """Requests of one worker, one after another, written down as a run does."""

    desk: Desk
    plan: Plan
    journal: Journal
    numbers: "count[int]"

    async def tell(self, request: Request) -> Result:
        number = next(self.numbers)
        doing.set(Doing(0, number, type(request).__name__))
        self.journal.write(Asked(worker=0, number=number, request=request))
        result = await request.ask(self.desk, self.plan)
        self.journal.write(Answered(worker=0, number=number, outcome=DONE, result=result))
        return result

    async def write(self, visitor: str) -> SessionRef:
        self.desk.clock.advance(1_000)  # type: ignore[attr-defined]
        result = await self.tell(Writes(id=f"m-{visitor}", visitor=visitor, keys={}))
        assert result.session
        return result.session

    async def look_at(self, ref: SessionRef) -> None:
        [loaded] = await sessions.load(self.desk.store, "1", [ref])
        assert loaded
        session = loaded.value.session
        self.journal.write(
            Seen(
                worker=0,
                number=0,
                session=ref,
                state=session.state,
                agent=session.agent,
                last_seq=session.last_seq,
            )
        )


@pytest.fixture
async def told(tmp_path: Path) -> Told:
    """A, with room for one, serves three visitors; B comes for the last."""
    plan = Plan(store="", folder=str(tmp_path), seed=1, operations=0)
    clock = ManualClock()
    with Journal(plan.journal("process-0")) as journal:
        store = RecordedStore(MemoryStore(clock.now), journal)
        story = Story(Desk(store=store, clock=clock, random=Random(1)), plan, journal, count())
        await open_shop(story)
        first, second, third = [await story.write(visitor) for visitor in ("v1", "v2", "v3")]
        await story.look_at(second)
        await story.tell(Answers(id="answer", session=first))
        await story.tell(Closes(id="close", session=first))
        await story.tell(Turns(id="b comes", agent=B, status=AgentStatus.ONLINE))
        await story.look_at(third)
        return Told(await read_ledger(store, "1"), list(read_journals(plan.journals())), first, second, third)


async def open_shop(story: Story) -> None:
    for name in (A, B):
        await save_agent(story.desk, Call(by=story.plan.caller), AgentChange(user_name=name, max_sessions=1))
    await story.tell(Turns(id="a comes", agent=A, status=AgentStatus.ONLINE))


def refused_by(told: Told) -> str:
    with pytest.raises(LawBroken) as broken:
        told.hold()
    return broken.value.law.split(maxsplit=1)[0]


async def test_a_later_page_of_a_line_is_no_new_reading_of_it(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        store = RecordedStore(MemoryStore(), journal)
        request = Doing(0, 0, "Closes")
        doing.set(request)
        began = []
        for after in (keys.WAITING[0], f"{keys.WAITING_OTHERS}#1"):
            await store.scan("1#GROUP#default", Span(1, after, keys.WAITING[1]))
            began.append(dict(request.reads))
    assert began[0] == began[1] != {}


def test_a_true_history_passes(told: Told) -> None:
    held = hold_history(history_of("1", told.ledger, told.entries))
    assert held.keys() == HISTORY_LAWS.keys()
    assert all(held.values()), held


def test_a_request_that_ended_in_a_fault_is_refused(told: Told) -> None:
    fault = Answered(worker=0, number=99, outcome=FAULT, trouble="ZeroDivisionError")
    assert refused_by(replace(told, entries=[*told.entries, fault])) == "H1"


def test_a_session_given_to_two_agents_is_refused(told: Told) -> None:
    def given_again(entry: LogEntry) -> LogEntry:
        is_end = entry.kind is EventKind.AGENT_END
        return replace(entry, kind=EventKind.ASSIGNED, agent=B) if is_end else entry

    assert refused_by(told.with_log(told.first, given_again)) == "H2"


def test_a_log_that_lacks_an_answered_commit_is_refused(told: Told) -> None:
    logs = {**told.ledger.logs, told.first.id: told.ledger.logs[told.first.id][:-2]}
    assert refused_by(replace(told, ledger=replace(told.ledger, logs=logs))) == "H2"


def test_an_entry_that_nobody_committed_is_refused(told: Told) -> None:
    def forgotten(entry: Entry) -> bool:
        return isinstance(entry, Begun) and any(session == told.third.id for session, *_ in entry.logs)

    entries = [entry for entry in told.entries if not forgotten(entry)]
    assert refused_by(replace(told, entries=entries)) == "H2"


def test_an_accepted_message_that_is_lost_is_refused(told: Told) -> None:
    assert refused_by(told.with_log(told.first, lambda entry: replace(entry, message=None))) == "H3"


def test_a_message_that_is_there_twice_is_refused(told: Told) -> None:
    [message] = [entry.message for entry in told.ledger.logs[told.first.id] if entry.kind is EventKind.USER_MESSAGE]

    def repeated(entry: LogEntry) -> LogEntry:
        return replace(entry, message=message) if entry.kind is EventKind.AGENT_MESSAGE else entry

    assert refused_by(told.with_log(told.first, repeated)) == "H3"


def test_a_session_read_as_somebody_elses_is_refused(told: Told) -> None:
    def read_otherwise(entry: Entry) -> Entry:
        return msgspec.structs.replace(entry, agent=A) if isinstance(entry, Seen) and entry.agent == B else entry

    assert refused_by(told.with_entries(read_otherwise)) == "H4"


def test_a_session_taken_by_another_agent_than_was_said_is_refused(told: Told) -> None:
    def said_otherwise(entry: Entry) -> Entry:
        if isinstance(entry, Answered) and entry.result and entry.result.taken and entry.result.by == A:
            return msgspec.structs.replace(entry, result=msgspec.structs.replace(entry.result, by=B))
        return entry

    assert refused_by(told.with_entries(said_otherwise)) == "H4"


def test_more_sessions_than_room_are_refused(told: Told) -> None:
    """B's session becomes A's, who holds another at that time."""
    entries = [_without_takes(entry) for entry in told.entries if not isinstance(entry, Seen)]

    def given_to_a(entry: LogEntry) -> LogEntry:
        return replace(entry, agent=A) if entry.kind is EventKind.ASSIGNED else entry

    assert refused_by(replace(told, entries=entries).with_log(told.third, given_to_a)) == "H5"


def _without_takes(entry: Entry) -> Entry:
    if isinstance(entry, Answered) and entry.result:
        return msgspec.structs.replace(entry, result=msgspec.structs.replace(entry.result, taken=()))
    return entry


def earlier(told: Told) -> Told:
    """The third session becomes the oldest, although the second was taken first."""
    loaded = told.ledger.sessions[told.third.id]
    started_at = told.ledger.logs[told.first.id][0].at - 1
    stored = replace(loaded.value, session=replace(loaded.value.session, started_at=started_at))
    found = {**told.ledger.sessions, told.third.id: replace(loaded, value=stored)}
    return replace(told, ledger=replace(told.ledger, sessions=found))


def test_a_session_taken_past_one_whose_turn_it_was_is_refused(told: Told) -> None:
    assert refused_by(earlier(told)) == "H6"


def test_a_session_assigned_as_it_came_past_one_who_waited_is_refused(told: Told) -> None:
    """The second waits, by its times, since before the first came."""
    joined = {
        entry.token for entry in told.entries if isinstance(entry, Begun) and (told.second.id, 1) in _first(entry)
    }

    def long_ago(entry: Entry) -> Entry:
        is_joining = isinstance(entry, Begun | Ended) and entry.token in joined
        return msgspec.structs.replace(entry, at=1) if is_joining else entry

    assert refused_by(told.with_entries(long_ago)) == "H6"


def test_whoever_joins_the_line_while_a_claim_is_in_flight_may_be_passed(told: Told) -> None:
    """The commit that put the third into the line was answered only when the taker had read the line."""
    joined = {entry.token for entry in told.entries if isinstance(entry, Begun) and (told.third.id, 1) in _first(entry)}
    took = max(entry.at for entry in told.entries if isinstance(entry, Begun) and entry.kind == "Closes")

    def answered_late(entry: Entry) -> Entry:
        is_joining = isinstance(entry, Ended) and entry.token in joined
        return msgspec.structs.replace(entry, at=took - 1) if is_joining else entry

    earlier(told).with_entries(answered_late).hold()


def _first(begun: Begun) -> set[tuple[str, int]]:
    return {(session, first) for session, first, _ in begun.logs}


def test_a_version_that_two_commits_replaced_is_refused(told: Told) -> None:
    begun = next(entry for entry in told.entries if isinstance(entry, Begun) and entry.replaces)
    again = msgspec.structs.replace(begun, token="another", logs=())
    ended = Ended(worker=0, number=0, token="another", kind=begun.kind, outcome=DONE)
    assert refused_by(replace(told, entries=[*told.entries, again, ended])) == "H7"
