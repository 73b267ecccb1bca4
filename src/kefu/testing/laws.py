"""The laws of routing, as one checker over everything a tenant has.

L11 (a dry run decides alike and writes nothing) and L12 (nothing crosses tenants) speak of calls, not of what
lies in the store: they have tests of their own.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import pairwise

from kefu.domain.agent import AgentStatus
from kefu.domain.binding import BindingAct, BindingEvent
from kefu.domain.bounds import COUNTED_SESSIONS_MAX, SEEN_FOR
from kefu.domain.decision import Candidate, CandidateRefusal, DirectedBy, DispatchOutcome
from kefu.domain.instants import Instant
from kefu.domain.line import Line, LineKind
from kefu.domain.log import ENDS, REPLIES, VISITOR_MESSAGES, EventKind, LogEntry
from kefu.domain.message import MessageSender
from kefu.domain.session import IllegalEvent, Session, SessionState
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.store.port import Store
from kefu.testing.chain_laws import chains_lead_on, hops_are_counted
from kefu.testing.ledger import Ledger, read_ledger

_AFTER_THE_END = frozenset({EventKind.RATING_INVITED, EventKind.RATED})
_SERVED = frozenset({EventKind.ASSIGNED, EventKind.TRANSFERRED})
_WITH_A_HUMAN = frozenset({EventKind.HUMAN_REQUESTED, EventKind.QUEUED, EventKind.ASSIGNED})
_BREAKS_SILENCE = VISITOR_MESSAGES | REPLIES | {EventKind.QUEUED, EventKind.ASSIGNED}
_SETTING_OFF = frozenset({*_SERVED, EventKind.SESSION_END, EventKind.RATED})
_LEAVING = frozenset({EventKind.ASSIGNED, EventKind.OVERFLOWED, EventKind.TRANSFERRED, *ENDS})


class LawBroken(AssertionError):
    def __init__(self, law: str, finding: str) -> None:
        super().__init__(f"{law}: {finding}")
        self.law = law


async def check_laws(
    store: Store, tenant: str, now: Instant, *, lowered: Collection[str] = (), off: Collection[str] = ()
) -> Ledger:
    """Raises `LawBroken` for the first law that does not hold, and returns what was read.

    `lowered` are logins whose max_sessions was lowered below their load on purpose; `off` names laws not to check.
    """
    ledger = await read_ledger(store, tenant)
    hold_laws(ledger, now, [law for law in LAWS if law not in off], lowered=lowered)
    return ledger


def hold_laws(ledger: Ledger, now: Instant, laws: Iterable[str], *, lowered: Collection[str] = ()) -> None:
    """Raises `LawBroken` for the first of `laws` that does not hold."""
    for law in laws:
        for finding in LAWS[law](ledger, now):
            if not (law == "L2" and any(f"{login} holds" in finding for login in lowered)):
                raise LawBroken(law, finding)


def one_agent_and_one_line(ledger: Ledger, _now: Instant) -> Iterator[str]:
    standing = Counter(each.value.session.id for line in ledger.lines.values() for each in line)
    for session in ledger.each():
        waits = session.state is SessionState.WAITING
        if standing[session.id] != int(waits):
            yield f"{session.id} is {session.state} and stands in {standing[session.id]} lines"
        if (session.line is not None) != waits:
            yield f"{session.id} is {session.state} with line {session.line}"
        if session.state is SessionState.ACTIVE and session.agent is None:
            yield f"{session.id} is ACTIVE without an agent"
    for line, entries in ledger.lines.items():
        for copy in entries:
            if ledger.sessions.get(copy.value.session.id) != copy or copy.value.session.line != line:
                yield f"{copy.value.session.id} is not as its copy in {line} says"


def held_is_assigned(ledger: Ledger, _now: Instant) -> Iterator[str]:
    assigned: dict[str | None, set[object]] = {}
    for session in ledger.each():
        if session.state is SessionState.ACTIVE:
            assigned.setdefault(session.agent, set()).add(session.ref)
    for login, agent in ledger.agents.items():
        if len(set(agent.held)) != len(agent.held) or set(agent.held) != assigned.pop(login, set()):
            yield f"{login} does not hold what is assigned to him"
        if agent.active_sessions > agent.max_sessions:
            yield f"{login} holds {agent.active_sessions} of {agent.max_sessions}"
    for nobody in assigned:
        yield f"sessions are assigned to {nobody}, who is not there"


def one_open_session(ledger: Ledger, _now: Instant) -> Iterator[str]:
    opened = Counter((session.channel, session.ref.visitor) for session in ledger.each() if session.is_open)
    yield from (f"{count} open sessions of {whose}" for whose, count in opened.items() if count > 1)


def message_once(ledger: Ledger, _now: Instant) -> Iterator[str]:
    """A message's own id once for ever, a client's for as long as the desk promises to remember it."""
    accepted: dict[tuple[object, ...], list[Instant]] = {}
    for session_id, entries in ledger.logs.items():
        ref = ledger.sessions[session_id].value.session.ref
        for message in (entry.message for entry in entries if entry.message):
            accepted.setdefault((message.id,), []).append(message.sent_at)
            if message.client_message_id is not None:
                named = (ref.visitor, ref.channel, message.sender, message.client_message_id)
                accepted.setdefault(named, []).append(message.sent_at)
    for which, times in accepted.items():
        times.sort()
        if any(later - earlier < SEEN_FOR for earlier, later in pairwise(times)):
            yield f"message {which} is there {len(times)} times"


def log_makes_session(ledger: Ledger, _now: Instant) -> Iterator[str]:
    for session, entries in ledger.to_check():
        if [entry.seq for entry in entries] != list(range(1, len(entries) + 1)):
            yield f"{session.id} has a log numbered {[entry.seq for entry in entries]}"
        elif not _makes(ledger, session):
            yield f"{session.id} is not the fold of its log"


def one_commit_one_record(ledger: Ledger, _now: Instant) -> Iterator[str]:
    for session, _ in ledger.to_check():
        version, commits = ledger.sessions[session.id].version, ledger.commits[session.id]
        if version != commits:
            yield f"{session.id} was written {version} times with {commits} log records"


def nobody_waits_for_a_free_agent(ledger: Ledger, now: Instant) -> Iterator[str]:
    free = [agent for agent in ledger.agents.values() if agent.is_free_at(now)]
    for line, entries in ledger.lines.items():
        for agent in free if entries else ():
            serves = agent.login == line.owner if line.kind is LineKind.AGENT else _serves(agent.groups, line.owner)
            if serves:
                yield f"{entries[0].value.session.id} waits in {line} while {agent.login} is free"


def nobody_waits_for_who_is_gone(ledger: Ledger, now: Instant) -> Iterator[str]:
    """A bound session overflows at once when its agent is offline or removed, or its binding ended."""
    for line, entries in ledger.lines.items():
        for session in (entry.value.session for entry in entries) if line.kind is LineKind.AGENT else ():
            agent = ledger.agents.get(line.owner)
            if agent is None or agent.is_disabled:
                yield f"{session.id} waits for {line.owner}, who is removed"
            elif session.directed_by is DirectedBy.BOUND and agent.status is AgentStatus.OFFLINE:
                yield f"{session.id} waits for {line.owner}, who is offline"
            elif session.directed_by is DirectedBy.BOUND and not _is_bound(ledger, session, line.owner, now):
                yield f"{session.id} waits for {line.owner} by a binding that ended"


def nobody_overtakes(ledger: Ledger, _now: Instant) -> Iterator[str]:
    """Somebody behind was assigned while somebody before him stood in the same line, then and later.

    By the log's times: for histories in which every step has a millisecond of its own.
    """
    by_line: dict[Line, list[tuple[Session, Instant, LogEntry | None]]] = {}
    for session in ledger.each():
        for line, since, left in _stays(ledger.logs[session.id]):
            by_line.setdefault(line, []).append((session, since, left))
    for stays in by_line.values():
        for session, _, left in stays:
            if left is None or left.kind is not EventKind.ASSIGNED:
                continue
            for other, since, other_left in stays:
                is_there = since < left.at and (other_left is None or other_left.at > left.at)
                if is_there and stands_before(other, session):
                    yield f"{session.id} was taken at {left.at} before {other.id}, who stood before him"


def directed_stays_directed(ledger: Ledger, _now: Instant) -> Iterator[str]:
    for session, entries in ledger.to_check():
        for line, _, left in _stays(entries):
            is_taken = left is not None and left.kind is EventKind.ASSIGNED
            if line.kind is LineKind.AGENT and left and is_taken and left.agent != line.owner:
                yield f"{session.id} waited for {line.owner} and was given to {left.agent}"


def ends_once(ledger: Ledger, _now: Instant) -> Iterator[str]:
    for session, entries in ledger.to_check():
        kinds = [entry.kind for entry in entries if entry.kind not in _AFTER_THE_END]
        ends = kinds.count(EventKind.SESSION_END)
        if ends != int(not session.is_open):
            yield f"{session.id} is {session.state} with {ends} SESSION_END"
        if ends and not (kinds[-1] is EventKind.SESSION_END and kinds[-2] in ENDS):
            yield f"{session.id} ends with {kinds[-2:]}"


def decision_is_true(ledger: Ledger, _now: Instant) -> Iterator[str]:
    for session, entries in ledger.to_check():
        for entry in entries:
            if entry.decision is None:
                continue
            chosen = [each for each in entry.decision.candidates if each.is_chosen]
            winner = entry.agent if entry.decision.outcome is DispatchOutcome.ASSIGN else None
            if [each.agent for each in chosen] != ([winner] if winner else []):
                yield f"{session.id} went to {winner}, chosen was {chosen}"
            if any(not _reason_holds(each) for each in entry.decision.candidates):
                yield f"{session.id} has a decision with an untrue reason: {entry.decision.candidates}"


def bot_speaks_in_its_turn(ledger: Ledger, _now: Instant) -> Iterator[str]:
    """A bot answers the visitor's messages in their order, and says nothing once a human was asked for."""
    for session, entries in ledger.to_check():
        answered, is_over = 0, False
        for entry in entries:
            is_over = is_over or entry.kind in _WITH_A_HUMAN
            if entry.kind is not EventKind.BOT_MESSAGE or _is_of_the_house(entry):
                continue
            answers = entry.answers or 0
            asked = next((each.kind for each in entries[: entry.seq - 1] if each.seq == answers), None)
            if is_over or answers < answered or asked is not EventKind.BOT_USER_MESSAGE:
                yield f"{session.id}: a bot answers {answers} as entry {entry.seq}, after {answered}"
            answered = max(answered, answers)


def bot_owes_no_answer(ledger: Ledger, _now: Instant) -> Iterator[str]:
    for session in ledger.each():
        if session.owed_answer is not None:
            yield f"{session.id} waits for a bot's answer to entry {session.owed_answer}"


def rated_once(ledger: Ledger, _now: Instant) -> Iterator[str]:
    """At most one rating a session, of who has served it, and its record says the same as its log."""
    for session, entries in ledger.to_check():
        given = [entry for entry in entries if entry.kind is EventKind.RATED]
        kept = ledger.ratings.get(session.id)
        if [(entry.rating, entry.agent) for entry in given] != ([(kept.answers.stars, kept.agent)] if kept else []):
            yield f"{session.id} was rated {given}, and its record says {kept}"
        for entry in given:
            if not any(each.kind in _SERVED and each.agent for each in entries[: entry.seq - 1]):
                yield f"{session.id} was rated before anybody served it"


def ends_for_silence_alone(ledger: Ledger, _now: Instant) -> Iterator[str]:
    """By a time-out only where nothing was said, and nobody got it or joined a line, for as long as the tenant says.

    Nobody is gone who was not there: a left message waits.
    """
    timeouts = ledger.directory.settings.timeouts
    waited_ms = {
        EventKind.USER_TIMEOUT_END: timeouts.visitor_ms,
        EventKind.AGENT_TIMEOUT_END: timeouts.agent_ms,
        EventKind.PENDING_AUTO_END: timeouts.pending_ms,
    }
    for session, entries in ledger.to_check():
        for index, entry in enumerate(entries):
            if entry.kind not in waited_ms:
                continue
            newest = max(each.at for each in entries[:index] if each.kind in _BREAKS_SILENCE)
            longest = waited_ms[entry.kind]
            if longest is None or entry.at - newest < longest:
                yield f"{session.id} ended by {entry.kind} {entry.at - newest} ms after something happened"
            was_there = any(each.kind in VISITOR_MESSAGES and not each.was_left for each in entries[:index])
            if entry.kind is EventKind.PENDING_AUTO_END and not was_there:
                yield f"{session.id} of a visitor who had only left messages ended because he was not there"


def deadlines_are_set(ledger: Ledger, now: Instant) -> Iterator[str]:
    """Whoever is open will be looked at before anything that happens from now on can be due."""
    shortest_ms = ledger.directory.settings.timeouts.shortest_ms
    for session in ledger.each() if shortest_ms is not None else ():
        known = ledger.deadlines.get(session.id)
        if session.is_open and (known is None or known.due_at > now + (shortest_ms or 0)):
            yield f"{session.id} is {session.state} with the deadline {known} at {now}"


def counted_once(ledger: Ledger, _now: Instant) -> Iterator[str]:
    """What rules count by is what the sessions say, each closed session once."""
    for (visitor, agent), tally in ledger.tallies.items():
        closed = sorted(
            session.closed_at
            for session in ledger.each()
            if session.ref.visitor == visitor and session.agent == agent and session.closed_at is not None
        )
        if list(tally.closed_at) != closed[-COUNTED_SESSIONS_MAX:]:
            yield f"{visitor} and {agent} closed sessions at {closed}, and {tally.closed_at} is counted"


def rules_act_on_what_happened(ledger: Ledger, _now: Instant) -> Iterator[str]:
    """What a rule did to a binding has its event in a session's log, or among the business events.

    A visitor is first received once, and nobody's doing is written over.
    """
    yield from ledger.forgotten
    received: dict[str, set[tuple[str, int]]] = {}
    for (flag, visitor), binding in ledger.bindings.items():
        for event in (each for each in binding.history if each.is_by_rule):
            entry = _entry_behind(ledger, visitor, event)
            if entry is None and not _is_of_business(ledger, visitor, event):
                yield f"{flag} of {visitor}: {event} has no event that set it off"
            if entry is not None and entry.kind in _SERVED:
                received.setdefault(visitor, set()).add((event.id.partition("#")[0], entry.seq))
    yield from (f"{visitor} is first received at {each}" for visitor, each in received.items() if len(each) > 1)


def stands_before(session: Session, other: Session) -> bool:
    """VIP first, then start, then id: told from what the visitor sent, not from where the desk put him."""
    first, second = ((not is_vip(each), each.started_at, each.id) for each in (session, other))
    return first < second


def is_vip(session: Session) -> bool:
    return any(tag.strip() for tag in session.keys.tags)


LAWS: dict[str, Callable[[Ledger, Instant], Iterator[str]]] = {
    "L1": one_agent_and_one_line,
    "L2": held_is_assigned,
    "L3": one_open_session,
    "L4": message_once,
    "L5": log_makes_session,
    "L6": one_commit_one_record,
    "L7": nobody_waits_for_a_free_agent,
    "L7 gone": nobody_waits_for_who_is_gone,
    "L7 order": nobody_overtakes,
    "L8": directed_stays_directed,
    "L9": ends_once,
    "L10": decision_is_true,
    "bot": bot_speaks_in_its_turn,
    "L7 bot": bot_owes_no_answer,
    "rating": rated_once,
    "L7 chain": chains_lead_on,
    "chain": hops_are_counted,
    "time-out": ends_for_silence_alone,
    "L7 deadline": deadlines_are_set,
    "tally": counted_once,
    "rules": rules_act_on_what_happened,
}


def _is_of_the_house(entry: LogEntry) -> bool:
    """What the desk says itself answers nothing."""
    return entry.message is not None and entry.message.sender is MessageSender.SYSTEM


def _makes(ledger: Ledger, session: Session) -> bool:
    try:
        return ledger.folded(session.id) == session
    except IllegalEvent:
        return False


def _is_bound(ledger: Ledger, session: Session, agent: str, now: Instant) -> bool:
    binding = ledger.bindings.get((session.keys.business_flag or "", session.ref.visitor))
    return binding is not None and binding.holds_at(now) and binding.agent == agent


def _entry_behind(ledger: Ledger, visitor: str, event: BindingEvent) -> LogEntry | None:
    """The entry of a session's log that set off what a rule did; None if none did."""
    session_id, _, rest = event.id.partition("#")
    session, (seq, _, rule) = ledger.sessions.get(session_id), rest.partition("#")
    if session is None or session.value.session.ref.visitor != visitor or rule != event.by:
        return None
    entry = next((each for each in ledger.logs[session_id] if str(each.seq) == seq), None)
    is_his = entry is not None and (event.act is not BindingAct.BOUND or entry.agent == event.agent)
    return entry if entry and is_his and entry.at == event.at and entry.kind in _SETTING_OFF else None


def _is_of_business(ledger: Ledger, visitor: str, event: BindingEvent) -> bool:
    business = ledger.business_events.get(event.id.partition("#")[0])
    is_there = business is not None and (business.visitor, business.at) == (visitor, event.at)
    return is_there and business is not None and event.by in business.rules


def _serves(groups: tuple[str, ...], group: str) -> bool:
    return group in (groups or (DEFAULT_GROUP,))


def _reason_holds(candidate: Candidate) -> bool:
    if candidate.is_chosen and candidate.refusal is not None:
        return False
    is_online = candidate.status is AgentStatus.ONLINE
    has_room = candidate.active_sessions < candidate.max_sessions
    match candidate.refusal:
        case None:
            return is_online and has_room
        case CandidateRefusal.LOWER_RANK:
            return is_online and has_room and not candidate.is_chosen
        case CandidateRefusal.FULL:
            return is_online and not has_room
        case refusal:
            return candidate.status.value == refusal.value


def _stays(entries: list[LogEntry]) -> Iterator[tuple[Line, Instant, LogEntry | None]]:
    """Each stay in a line: since when, and the entry that ended it."""
    queued: LogEntry | None = None
    for entry in entries:
        if queued and queued.line and entry.kind in _LEAVING:
            yield queued.line, queued.at, entry
            queued = None
        if entry.kind is EventKind.QUEUED:
            queued = entry
    if queued and queued.line:
        yield queued.line, queued.at, None
