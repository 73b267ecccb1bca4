"""First in, first out within a class, but for claims already in flight.

A session B was taken by an agent (or given to one as it came, past a line in which nobody was seen). B overtook A
if A, whose turn came before, stood in a line that was weighed for the take, and did so
    from before the request that took B last began to read that line (A's commit into the line was answered by then)
    until after the commit that took B was sent (no commit that took A out of the line had been sent by then).
So a claim is in flight from the reading of the line to its commit: who joins, or is claimed by somebody else, in
that time may be passed; who stood there all along may not. Turns are as the desk gives them: VIP, then an agent's
own line before his groups', then the earliest start, then the id. Passing a line as one comes is wrong whatever the
class. A session that waits for an agent because of a binding gives no turn: its binding may have ended.
"""

from collections import defaultdict
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from math import inf

from kefu.domain.decision import DirectedBy, DispatchRule
from kefu.domain.line import Line, LineKind, agent_line, group_line
from kefu.domain.log import EventKind, LogEntry
from kefu.domain.session import Session
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.testing.contention.history import Commit, History, Stay
from kefu.testing.laws import is_vip

_Turn = tuple[bool, bool, int, str]


@dataclass(frozen=True, slots=True)
class _Take:
    session: Session
    agent: str
    turn: _Turn | None
    """None: it stood in no line, so whoever stands there has the turn."""
    read: int
    commit: Commit


def nobody_overtakes(history: History) -> Generator[str, None, int]:
    """Returns how many takes were held against how many stood before or behind them."""
    takes: dict[Line, list[_Take]] = defaultdict(list)
    for line, take in _takes(history):
        takes[line].append(take)
    stays = history.stays()
    held = 0
    for line, each in takes.items():
        for take, stay in _side_by_side(each, stays.get(line, [])):
            held += 1
            if _gives_turn(stay, take) and (take.turn is None or _turn(stay.session, line) < take.turn):
                yield (
                    f"{take.session.id} was given to {take.agent} at {take.commit.begun}, its line read at {take.read}, "
                    f"past {stay.session.id}, who stood in {line} from {stay.joined.answered} "
                    f"to {stay.left.begun if stay.left else inf}"
                )
    return held


def _side_by_side(takes: list[_Take], stays: list[Stay]) -> Iterator[tuple[_Take, Stay]]:
    """Each take with whoever stood in the line for the whole of its flight."""
    coming = sorted(stays, key=lambda stay: stay.joined.answered, reverse=True)
    standing: list[Stay] = []
    for take in sorted(takes, key=lambda take: take.read):
        while coming and coming[-1].joined.answered < take.read:
            standing.append(coming.pop())
        standing = [stay for stay in standing if _left(stay) > take.read]
        for stay in standing:
            if _left(stay) > take.commit.begun and stay.session.id != take.session.id:
                yield take, stay


def _left(stay: Stay) -> float:
    return stay.left.begun if stay.left else inf


def _takes(history: History) -> Iterator[tuple[Line, _Take]]:
    """Every assignment by turn, once for each line that had to be weighed for it."""
    for session, entries in history.sessions():
        queued: LogEntry | None = None
        for entry in entries:
            if entry.kind is EventKind.ASSIGNED:
                yield from _of(history, session, queued, entry)
            if entry.kind is EventKind.QUEUED:
                queued = entry


def _of(history: History, session: Session, queued: LogEntry | None, entry: LogEntry) -> Iterator[tuple[Line, _Take]]:
    commit = history.window(session.id, entry.seq).commit
    if commit is None or entry.decision is None or entry.agent is None:
        return
    from_line = queued.line if queued and entry.decision.steps[-1].rule is DispatchRule.LINE else None
    turn = _turn(session, from_line) if from_line else None
    for line in _weighed(history, entry):
        yield line, _Take(session, entry.agent, turn, commit.has_read(history.tenant, line), commit)


def _weighed(history: History, entry: LogEntry) -> list[Line]:
    decision = entry.decision
    assert decision
    assert entry.agent
    match decision.steps[-1].rule:
        case DispatchRule.GROUP_QUEUE:
            return [group_line(decision.skill_group)] if decision.skill_group else []
        case DispatchRule.DESIGNATED | DispatchRule.BINDING:
            return [agent_line(entry.agent)]
        case DispatchRule.LINE:
            groups = history.ledger.agents[entry.agent].groups or (DEFAULT_GROUP,)
            return [agent_line(entry.agent), *(group_line(group) for group in groups)]
        case _:
            return []


def _gives_turn(stay: Stay, take: _Take) -> bool:
    decision = stay.queued.decision
    is_bound = decision is not None and decision.directed_by is DirectedBy.BOUND
    return not is_bound or take.turn is None


def _turn(session: Session, line: Line) -> _Turn:
    return (not is_vip(session), line.kind is LineKind.GROUP, session.started_at, session.id)
