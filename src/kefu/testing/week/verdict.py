"""What must be true of a whole week: each session's events in a legal order with one end, and reports that are right."""

from collections import Counter
from zoneinfo import ZoneInfo

from kefu.domain.decision import DispatchReason
from kefu.domain.delivery import Happening
from kefu.domain.instants import DAY, SECOND
from kefu.domain.log import ENDS, EventKind, LogEntry
from kefu.domain.report_grouping import ReportGrouping
from kefu.domain.report_intervals import interval_edges
from kefu.domain.session import Session, apply
from kefu.domain.webhook import Dialect, Webhook
from kefu.testing.laws import LawBroken
from kefu.testing.report_recomputed import Asked, differing
from kefu.testing.week.plan import BEGIN, BERLIN, END, is_open_by_the_wall
from kefu.testing.week.world import TENANT, World
from kefu.wire.tencent.session_events import EVENT_NAMES, event_body

LOGS_MAX = 1_000_000
WITHIN = 20 * SECOND
_RATED = "SatisfactionSelected"
_END_NAMES = frozenset(EVENT_NAMES[kind] for kind in ENDS)
_RECEIVER = Webhook(id="w", url="https://example.com", dialect=Dialect.TENCENT, created_at=0, since=0)


def hold_sequences(world: World) -> Counter[str]:
    """Every session as Tencent's receivers are told of it. Returns how often each event was told."""
    told: Counter[str] = Counter()
    for session_id, log in world.watched.live.logs.items():
        names = _told(log)
        if finding := _wrong(names):
            raise LawBroken("sequence", f"{session_id}: {finding} in {names}")
        told.update(names)
    return told


def hold_hours(world: World) -> None:
    """Who asked for a group was declined while its clock on the wall stood outside its hours, and only then."""
    for session_id, log in world.watched.live.logs.items():
        keys = world.watched.live.sessions[session_id].value.session.keys
        group = keys.queue_name if keys.agent_username is None else None
        for entry in log if group is not None else ():
            is_accepted = entry.kind is EventKind.HUMAN_REQUESTED
            steps = entry.decision.steps if entry.decision and entry.kind is EventKind.DECLINED else ()
            is_declined = any(step.reason is DispatchReason.OUTSIDE_HOURS for step in steps)
            is_asked = entry.at < END and (is_accepted or is_declined)
            if is_asked and is_open_by_the_wall(group or "", entry.at) is not is_accepted:
                raise LawBroken("wall", f"{session_id} had {entry.kind} of {group} at {entry.at}")


def _told(log: list[LogEntry]) -> list[str]:
    """Raises `IllegalEvent`."""
    names: list[str] = []
    before: Session | None = None
    for entry in log:
        after = apply(before, entry)
        body = event_body(_RECEIVER, Happening(before, entry, after))
        before = after
        if body is not None:
            names.append(body["Event"])
    return names


def _wrong(names: list[str]) -> str | None:
    ends = [name for name in names if name in _END_NAMES]
    if names[0] != "SessionBegin" or names.count("SessionBegin") != 1:
        return "no begin, or two,"
    if len(ends) != 1 or names.count("SessionEnd") != 1:
        return f"{len(ends)} ends"
    last = names.index("SessionEnd")
    if names[last - 1] not in _END_NAMES:
        return "an end without its cause"
    if set(names[last + 1 :]) - {_RATED}:
        return "something behind the end"
    return None


async def hold_reports(world: World) -> None:
    """The whole week in one, and day by day by Berlin's clock, of which one day has 25 hours."""
    now = world.clock.now()
    days = interval_edges(BEGIN, now + 1, DAY, ZoneInfo(BERLIN))
    ledger = world.watched.live.ledger()
    for by, edges in (
        (ReportGrouping.NONE, [BEGIN, now + 1]),
        (ReportGrouping.NONE, days),
        (ReportGrouping.GROUP, days),
    ):
        asked = Asked(by, edges, WITHIN, now)
        if wrong := await differing(world.watched.inner, ledger, TENANT, asked, LOGS_MAX):
            raise LawBroken("reports", f"by {by} the figures of {sorted(wrong)} are not what the logs say")
