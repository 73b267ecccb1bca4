"""What the desk itself tells who joins a line, in the commit that puts him there."""

from dataclasses import replace

from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.waiting_estimate import estimated_wait_ms
from kefu.domain.decision import Decision
from kefu.domain.log_writer import LogWriter
from kefu.domain.message import Message, MessageSender
from kefu.records import sessions


async def tell_place(desk: Desk, changes: Changeset, writer: LogWriter, decision: Decision) -> None:
    """Before a decision is written: where it puts the session, for the visitor, if the tenant wants that."""
    if decision.line is None:
        return
    queueing = (await desk.directories.load(desk.store, changes.tenant)).directory.settings.queueing
    if not queueing.announces_place:
        return
    placed = replace(writer.session, line=decision.line)
    position = await sessions.position_in_line(desk.store, changes.tenant, placed) or 1
    wait_ms = await estimated_wait_ms(desk, changes.tenant, decision.line, position)
    text = queueing.place_told(position, wait_ms)
    writer.notice = Message(id=desk.new_id(changes.now), sender=MessageSender.SYSTEM, text=text, sent_at=changes.now)
