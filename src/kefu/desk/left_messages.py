"""A message left while nobody was there: once the desk is open it comes into a session, exactly once.

A session that has ended stays ended. The message begins the visitor's next one, which waits since the message was
left, with the routing keys of the one that was declined; if he has an open session by then, it goes into that.
"""

import asyncio
from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.arming import armed
from kefu.desk.attempts import attempt, commit, left_to_the_next_look
from kefu.desk.call import Call, Caller, Role
from kefu.desk.changeset import Changeset
from kefu.desk.declining import dispatch_or_decline
from kefu.desk.desk import Desk
from kefu.desk.dispatching import decide_for
from kefu.desk.input import json_text, message_text, named
from kefu.desk.looking import look
from kefu.desk.once import attempt_once, mark
from kefu.desk.seen_messages import remember
from kefu.domain.bounds import PHONE_LENGTH_MAX
from kefu.domain.channel import Channel
from kefu.domain.decision import Decision, DispatchOutcome, DispatchTrigger
from kefu.domain.directory import Directory
from kefu.domain.instants import Instant
from kefu.domain.line import group_line
from kefu.domain.log import EventKind
from kefu.domain.log_writer import LogWriter
from kefu.domain.message import Message, MessageSender
from kefu.domain.refusals import Declined, Invalid, RefusalCode
from kefu.domain.route import resolve_group
from kefu.domain.routing_keys import NO_KEYS, RoutingKeys
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.working_hours import is_open
from kefu.records import left_messages, sessions
from kefu.records.left_messages import LeftMessage
from kefu.records.sessions import LoadedSession


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageToLeave:
    visitor: str
    """Taken from the caller if he is the visitor."""
    channel: Channel
    phone: str = ""
    text: str


async def leave_message(desk: Desk, call: Call, message: MessageToLeave) -> LeftMessage:
    """Keeps a message for when somebody is there. Raises `Invalid`."""
    message = _checked(_own(call.by, message))
    left, _ = await attempt_once(desk, call, left_messages.CODEC, lambda desk, _: _leave(desk, call, message))
    return left


async def _leave(desk: Desk, call: Call, message: MessageToLeave) -> LeftMessage:
    newest = await sessions.newest(desk.store, call.tenant, message.visitor, message.channel)
    now = desk.clock.now()
    left = LeftMessage(
        id=desk.new_id(now),
        visitor=message.visitor,
        channel=message.channel,
        phone=message.phone,
        text=message.text,
        left_at=now,
        keys=_keys_declined(newest.value.session if newest else None),
    )
    await commit(desk, [left_messages.write(call.tenant, left), *mark(call, left_messages.CODEC, left, now)])
    return left


def _own(caller: Caller, message: MessageToLeave) -> MessageToLeave:
    if caller.role is Role.AGENT:
        raise Declined(RefusalCode.NOT_ALLOWED, "An agent leaves no message; visitors and partners do.")
    return replace(message, visitor=caller.user_name) if caller.role is Role.VISITOR else message


def _checked(message: MessageToLeave) -> MessageToLeave:
    named(message.visitor, "visitorUserName")
    if message.phone:
        named(message.phone, "phone", length_max=PHONE_LENGTH_MAX)
    if not message_text(message.text).strip():
        raise Invalid("text is empty. Say what is wanted.", "text")
    return message


def may_come_in(directory: Directory, left: LeftMessage, now: Instant) -> bool:
    """Whether the desk is open for it, as far as its keys tell: the decision on it has the last word."""
    group = resolve_group(directory, left.keys, left.channel).group.id
    asked = (group, None) if left.keys.agent_username else (group,)  # for one agent the tenant's own hours count
    return any(is_open(directory.hours_of(each), now) for each in asked)


async def bring_in(desk: Desk, tenant: str, listed: LeftMessage) -> None:
    """Brings it into a session, unless it came in already or the desk is closed."""
    with left_to_the_next_look():
        ref = await attempt(desk, lambda desk, lost: _bring_in(desk, tenant, listed, lost))
        if ref is not None:
            await look(desk, tenant, ref, DispatchTrigger.MESSAGE_LEFT)


async def _bring_in(desk: Desk, tenant: str, listed: LeftMessage, lost: int) -> SessionRef | None:
    known, latest, directory = await asyncio.gather(
        left_messages.load(desk.store, tenant, listed),
        sessions.newest(desk.store, tenant, listed.visitor, listed.channel),
        desk.directories.load(desk.store, tenant),
    )
    if known is None or known.value.session is not None:
        return None
    left = known.value
    changes = Changeset(tenant, desk.clock.now(), directory.directory.settings.ranking)
    opened = latest if latest and latest.value.session.is_open else None
    writer = LogWriter(changes.now, opened.value.session) if opened else _begun(desk, changes.now, left, latest)
    is_with_bot = opened is not None and opened.value.session.state is SessionState.BOT
    writer.visitor_message(_message(left), to_bot=is_with_bot, was_left=True)
    if opened is None or is_with_bot:
        decision = await _decide(desk, changes, left, writer.session.keys, lost)
        if not await _is_let_in(desk, tenant, directory.directory, decision):
            return None
        await dispatch_or_decline(desk, changes, writer, writer.session.keys, decision)
    stored, _ = remember(tenant, writer, latest.value if latest else None, None)
    changes.step(opened, writer, stored)
    if opened is None:
        timeouts = directory.directory.settings.timeouts
        changes.add(*armed(tenant, writer.session.ref, timeouts, changes.now))
    changes.add(left_messages.write(tenant, replace(left, session=writer.session.ref), known.version))
    await changes.commit(desk)
    return writer.session.ref


def _begun(desk: Desk, now: Instant, left: LeftMessage, latest: LoadedSession | None) -> LogWriter:
    writer = LogWriter(now)
    ordinal = latest.value.session.ref.ordinal + 1 if latest else 1
    ref = SessionRef(left.visitor, left.channel, ordinal, desk.new_id(now))
    writer.begin(ref, left.keys, since=left.left_at)
    return writer


async def _is_let_in(desk: Desk, tenant: str, directory: Directory, decision: Decision) -> bool:
    """Where a queue has a limit, left messages join only while it is less than half full: the rest is for who is there."""
    if decision.outcome is not DispatchOutcome.QUEUE:
        return decision.outcome is not DispatchOutcome.DECLINE
    group = directory.group(decision.skill_group)
    if decision.turned_away_from or group is None or group.queue_length_max is None:
        return not decision.turned_away_from
    half = group.queue_length_max // 2
    line = group_line(group.id)
    return half > 0 and await sessions.line_length(desk.store, tenant, line, at_most=half) < half


async def _decide(desk: Desk, changes: Changeset, left: LeftMessage, keys: RoutingKeys, lost: int) -> Decision:
    return await decide_for(
        desk,
        changes,
        visitor=left.visitor,
        channel=left.channel,
        keys=keys,
        asks_for_human=True,
        trigger=DispatchTrigger.MESSAGE_LEFT,
        lost_claims=lost,
    )


def _message(left: LeftMessage) -> Message:
    """Under its own id: no log has it twice."""
    return Message(
        id=left.id,
        sender=MessageSender.VISITOR,
        text=left.text,
        payload=json_text({"phone": left.phone}) if left.phone else "",
        sent_at=left.left_at,
    )


def _keys_declined(newest: Session | None) -> RoutingKeys:
    return newest.keys if newest and newest.end_reason is EventKind.DECLINED else NO_KEYS
