"""What a decision makes of a session whose visitor is to get a human: declined, he is told why."""

from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.telling_waiters import tell_place
from kefu.domain.decision import Decision, DispatchOutcome
from kefu.domain.log_writer import LogWriter
from kefu.domain.message import Message, MessageSender
from kefu.domain.routing_keys import RoutingKeys


async def dispatch_or_decline(
    desk: Desk, changes: Changeset, writer: LogWriter, keys: RoutingKeys, decision: Decision
) -> None:
    if decision.outcome is not DispatchOutcome.DECLINE:
        await tell_place(desk, changes, writer, decision)
        writer.dispatched(keys, decision)
        return
    directory = (await desk.directories.load(desk.store, changes.tenant)).directory
    text = directory.settings.queueing.full_text
    why = Message(id=desk.new_id(changes.now), sender=MessageSender.SYSTEM, text=text, sent_at=changes.now)
    writer.declined(keys, decision, why)
