"""What the desk itself says to who waits, or is not taken: in the commit that puts him there."""

from dataclasses import replace

from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.waiting_estimate import estimated_wait_ms
from kefu.domain.decision import Decision, DispatchOutcome, DispatchReason
from kefu.domain.directory import Directory
from kefu.domain.log_writer import LogWriter
from kefu.domain.message import Message, MessageSender, MessageType
from kefu.domain.routing_keys import RoutingKeys
from kefu.domain.working_hours import outside_told
from kefu.records import sessions


async def dispatched_or_declined(
    desk: Desk, changes: Changeset, writer: LogWriter, keys: RoutingKeys, decision: Decision
) -> None:
    """Writes what was decided for a session that asks for a human."""
    if decision.outcome is DispatchOutcome.DECLINE:
        writer.declined(keys, decision, _from_desk(desk, changes, await _why_declined(desk, changes, decision)))
        return
    await tell_place(desk, changes, writer, decision)
    writer.dispatched(keys, decision)


async def tell_place(desk: Desk, changes: Changeset, writer: LogWriter, decision: Decision) -> None:
    """Before a decision is written: where it puts the session, for the visitor, if the tenant wants that."""
    queueing = (await _directory(desk, changes)).settings.queueing
    if decision.line is None or not queueing.announces_place:
        return
    position = await sessions.position_in_line(desk.store, changes.tenant, replace(writer.session, line=decision.line))
    wait_ms = await estimated_wait_ms(desk, changes.tenant, decision.line, position or 1)
    writer.notice = _from_desk(desk, changes, queueing.place_told(position or 1, wait_ms))


async def _why_declined(desk: Desk, changes: Changeset, decision: Decision) -> str:
    directory = await _directory(desk, changes)
    if decision.steps[-1].reason is not DispatchReason.OUTSIDE_HOURS:
        return directory.settings.queueing.full_text
    hours = directory.hours_of(decision.skill_group)
    return outside_told(hours, decision.decided_at) if hours else ""


async def _directory(desk: Desk, changes: Changeset) -> Directory:
    return (await desk.directories.load(desk.store, changes.tenant)).directory


def _from_desk(desk: Desk, changes: Changeset, text: str) -> Message:
    return Message(
        id=desk.new_id(changes.now), sender=MessageSender.SYSTEM, type=MessageType.TEXT, text=text, sent_at=changes.now
    )
