"""What a decision makes of a session whose visitor is to get a human: declined, he is told why."""

from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.telling_waiters import tell_place
from kefu.domain.decision import Decision, DispatchOutcome, DispatchReason
from kefu.domain.directory import Directory
from kefu.domain.log_writer import LogWriter
from kefu.domain.message import Message, MessageSender
from kefu.domain.routing_keys import RoutingKeys
from kefu.domain.working_hours import outside_told


async def dispatch_or_decline(
    desk: Desk, changes: Changeset, writer: LogWriter, keys: RoutingKeys, decision: Decision
) -> None:
    if decision.outcome is not DispatchOutcome.DECLINE:
        await tell_place(desk, changes, writer, decision)
        writer.dispatched(keys, decision)
        return
    directory = (await desk.directories.load(desk.store, changes.tenant)).directory
    text = _why(directory, decision)
    why = Message(id=desk.new_id(changes.now), sender=MessageSender.SYSTEM, text=text, sent_at=changes.now)
    writer.declined(keys, decision, why)


def _why(directory: Directory, decision: Decision) -> str:
    if decision.steps[-1].reason is DispatchReason.QUEUE_FULL:
        return directory.settings.queueing.full_text
    hours = directory.hours_of(decision.skill_group)
    return outside_told(hours, decision.decided_at) if hours else ""
