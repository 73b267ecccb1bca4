"""Laws over a whole history: who owned what, when, and who was served before whom.

The journals give each log entry a window, from the moment its commit was sent to the moment it was answered;
the commit took effect in between. A law is broken only if it is for every choice of moments inside the windows.
Each law yields its findings and returns how many cases it held.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator
from math import inf
from typing import TypeAlias

from kefu.domain.log import ENDS, EventKind, LogEntry
from kefu.domain.session import IllegalEvent, Session, SessionState, apply
from kefu.testing.contention.history import History, Window
from kefu.testing.contention.journal import DONE, FAULT, Answered
from kefu.testing.contention.overtaking import nobody_overtakes
from kefu.testing.contention.requests import Answers, Closes, Writes
from kefu.testing.laws import LawBroken

Findings: TypeAlias = Generator[str, None, int]


def hold_history(history: History) -> dict[str, int]:
    """Raises `LawBroken` for the first law that does not hold; else how many cases each was held over."""
    return {law: _held(law, check(history)) for law, check in HISTORY_LAWS.items()}


def _held(law: str, findings: Findings) -> int:
    try:
        raise LawBroken(law, next(findings))
    except StopIteration as end:
        cases: int = end.value
        return cases


def answered_with_a_code(history: History) -> Findings:
    """Every request was answered in the end: with a result, or with the code of a refusal."""
    for answer in history.answers:
        if answer.outcome == FAULT:
            yield f"request {answer.worker}/{answer.number} was answered with no code: {answer.trouble}"
    return len(history.answers)


def each_version_replaced_once(history: History) -> Findings:
    """Two commits that were answered never replaced the same version of a record."""
    replaced: set[tuple[str, str, int]] = set()
    for commit in history.commits:
        for version in commit.first.replaces if commit.is_done else ():
            if version in replaced:
                yield f"version {version[2]} of {version[:2]} was replaced twice, once by {commit.first}"
            replaced.add(version)
    return len(replaced)


def log_is_what_was_committed(history: History) -> Findings:
    """Numbered without a gap, legal in every state, one commit an entry, and no answered commit is missing."""
    held = 0
    for session, entries in history.sessions():
        yield from _misfolded(session, entries)
        for entry in entries:
            held += 1
            done = [commit for commit in history.writers(session.id, entry.seq) if commit.is_done]
            if not history.writers(session.id, entry.seq):
                yield f"nobody wrote entry {entry.seq} of {session.id}"
            elif len(done) > 1:
                yield f"entry {entry.seq} of {session.id} was committed {len(done)} times"
    for commit in history.commits:
        for session_id, _, last in commit.first.logs if commit.is_done else ():
            if len(history.ledger.logs.get(session_id, ())) < last:
                yield f"entry {last} of {session_id} was committed and is not there"
    return held


def _misfolded(session: Session, entries: list[LogEntry]) -> Iterator[str]:
    folded: Session | None = None
    for entry in entries:
        try:
            folded = apply(folded, entry)
        except IllegalEvent as illegal:
            yield f"{session.id}, with {folded.agent if folded else None}: {illegal}"
            return


def acknowledged_once(history: History) -> Findings:
    """Every message that the desk accepted is in one log, once, as the entry it was said to be."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for session, entries in history.sessions():
        for entry in entries:
            if entry.message and entry.message.client_message_id:
                found[entry.message.client_message_id].append((session.id, entry.seq))
    for message_id, places in found.items():
        if len(places) > 1:
            yield f"message {message_id} is there {len(places)} times: {places}"
    held = 0
    for answer in history.answers:
        request = history.requests.get((answer.worker, answer.number))
        if isinstance(request, Writes | Answers) and answer.result and answer.result.session:
            held += 1
            told = (answer.result.session.id, answer.result.seq)
            if found[request.id] != [told]:
                yield f"message {request.id} was accepted as {told} and is at {found[request.id]}"
    return held


def told_is_logged(history: History) -> Findings:
    """Whoever was told, or read, which agent had a session, finds it so in the session's log."""
    held = 0
    for answer in history.answers:
        if answer.outcome == DONE and answer.result:
            held += 1
            yield from _untrue(history, answer)
    for seen in history.seen:
        held += 1
        folded: Session | None = None
        for entry in history.ledger.logs.get(seen.session.id, ())[: seen.last_seq]:
            folded = apply(folded, entry)
        told = (folded.last_seq, folded.state, folded.agent) if folded else None
        if told != (seen.last_seq, seen.state, seen.agent):
            yield f"{seen.session.id} was read as {seen}, its log says {told}"
    return held


def _untrue(history: History, answer: Answered) -> Iterator[str]:
    result, request = answer.result, history.requests.get((answer.worker, answer.number))
    assert result
    for ref in result.taken:
        takes = (entry for entry in history.ledger.logs.get(ref.id, ()) if entry.kind is EventKind.ASSIGNED)
        if all(entry.agent != result.by for entry in takes):
            yield f"{ref.id} was said to be taken by {result.by}; its log knows nothing of it"
    if isinstance(request, Closes) and result.session:
        ended = [entry for entry in history.ledger.logs.get(result.session.id, ()) if entry.kind in ENDS]
        if len(ended) != 1 or (result.held_by and ended[0].agent != result.held_by):
            yield f"{result.session.id} was closed for {result.held_by}; its log has {ended}"


def never_more_than_room(history: History) -> Findings:
    """At no moment did an agent hold more sessions than he had room for.

    A session is counted from the answer to the commit that gave it to him to the sending of the one that took it away.
    """
    changes: dict[str, list[tuple[float, int, str]]] = defaultdict(list)
    for session, entries in history.sessions():
        for agent, taken, given_up in _holds(history, session, entries):
            if taken.answered < given_up.begun:
                changes[agent].append((taken.answered, 1, session.id))
                changes[agent].append((given_up.begun, -1, session.id))
    for agent, moments in changes.items():
        room, held = history.ledger.agents[agent].max_sessions, Counter[str]()
        for at, change, session_id in sorted(moments):
            held[session_id] += change
            holding = [each for each, count in held.items() if count > 0]
            if len(holding) > room:
                yield f"{agent}, with room for {room}, held {holding} at {at}"
    return sum(map(len, changes.values())) // 2


def _holds(history: History, session: Session, entries: list[LogEntry]) -> Iterator[tuple[str, Window, Window]]:
    """Each stay with an agent: who, and the windows of its first and last moment."""
    folded: Session | None = None
    holder: tuple[str, Window] | None = None
    for entry in entries:
        folded = apply(folded, entry)
        holds = folded.agent if folded.state is SessionState.ACTIVE else None
        if holder and holder[0] != holds:
            yield *holder, history.window(session.id, entry.seq)
            holder = None
        if holds and holder is None:
            holder = (holds, history.window(session.id, entry.seq))
    if holder:
        yield *holder, Window(inf, inf, None)


HISTORY_LAWS: dict[str, Callable[[History], Findings]] = {
    "H1 answered with a code": answered_with_a_code,
    "H2 log is what was committed": log_is_what_was_committed,
    "H3 acknowledged once": acknowledged_once,
    "H4 told is logged": told_is_logged,
    "H5 never more than room": never_more_than_room,
    "H6 nobody overtakes": nobody_overtakes,
    "H7 each version replaced once": each_version_replaced_once,
}
