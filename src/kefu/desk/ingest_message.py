"""A visitor's message comes in: it opens a session, or is added to the open one, once per client message id."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.arming import armed
from kefu.desk.bot_stage import answer_by_bot
from kefu.desk.call import Call, Caller, Role
from kefu.desk.changeset import Changeset
from kefu.desk.declining import dispatch_or_decline
from kefu.desk.desk import Desk
from kefu.desk.dispatching import decide_for
from kefu.desk.facts import foresee_arrival
from kefu.desk.input import json_object, json_text, message_text, named
from kefu.desk.looking import look
from kefu.desk.once import attempt_once, keep, mark
from kefu.desk.seen_messages import find_seen, message_seq, older_seen, remember
from kefu.domain.channel import Channel
from kefu.domain.custom_parameters import is_marker
from kefu.domain.decision import Decision, DispatchOutcome, DispatchTrigger
from kefu.domain.directory import TenantSettings
from kefu.domain.human_request import asks_for_human
from kefu.domain.log_writer import LogWriter
from kefu.domain.message import Message, MessageSender, MessageType
from kefu.domain.refusals import Declined, RefusalCode
from kefu.domain.routing_keys import RoutingKeys, read_routing_keys, read_tags, visitor_card_of
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.domain.visitor import Visitor
from kefu.records import sessions, visitors
from kefu.records.codec import Codec
from kefu.records.visitors import LoadedVisitor
from kefu.store.port import Expect, Write


@dataclass(frozen=True, kw_only=True, slots=True)
class IncomingMessage:
    visitor: str
    channel: Channel = Channel.APP
    type: MessageType = MessageType.TEXT
    text: str = ""
    payload: Mapping[str, object] | None = None
    ext: Mapping[str, object] | None = None
    client_message_id: str | None = None
    only_into: SessionRef | None = None
    """Into this session or none: it is not to open a new one, should this one have ended meanwhile."""

    def asks_for_human(self, settings: TenantSettings, session_id: str) -> bool:
        keywords = (settings.transfer_label, *settings.transfer_keywords)
        return asks_for_human(self.type, self.text, self.payload, self.ext, keywords, session_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ingested:
    session: SessionRef
    seq: int
    """The log entry that the message became."""
    is_duplicate: bool = False
    may_wait: bool = True
    """Whether its session is one to look at: it waits, or this call cannot say."""
    is_with_bot: bool = False
    """Whether a bot may owe an answer."""


_results = Codec(Ingested)


async def ingest_message(desk: Desk, call: Call, incoming: IncomingMessage) -> Ingested:
    """Accepts the message and moves its session on as far as it goes.

    Raises `Invalid` for what can never be accepted; nothing is written then.
    """
    message = _checked(_own(call.by, incoming))
    ingested, was_done = await attempt_once(desk, call, _results, lambda desk, lost: _ingest(desk, call, message, lost))
    if was_done or ingested.may_wait:
        await look(desk, call.tenant, ingested.session)
    if ingested.is_with_bot:
        await answer_by_bot(desk, call.tenant, ingested.session)
    return replace(ingested, is_duplicate=True) if was_done else ingested


def _own(caller: Caller, incoming: IncomingMessage) -> IncomingMessage:
    if caller.role is Role.AGENT:
        raise Declined(
            RefusalCode.NOT_ALLOWED, "An agent answers with messageSend; messageIngest is for visitors and partners."
        )
    return replace(incoming, visitor=caller.user_name) if caller.role is Role.VISITOR else incoming


def _checked(incoming: IncomingMessage) -> IncomingMessage:
    named(incoming.visitor, "visitorUserName")
    message_text(incoming.text)
    json_object(incoming.payload, "payload")
    json_object(incoming.ext, "ext")
    if incoming.client_message_id is not None:
        named(incoming.client_message_id, "clientMessageId")
    return replace(incoming, type=MessageType.COMMAND) if is_marker(incoming.ext) else incoming


async def _ingest(desk: Desk, call: Call, incoming: IncomingMessage, lost: int) -> Ingested:
    tenant, visitor, channel, message_id = (
        call.tenant, incoming.visitor, incoming.channel, incoming.client_message_id,
    )  # fmt: skip
    loaded, latest, card, _ = await asyncio.gather(
        desk.directories.load(desk.store, tenant),
        sessions.newest(desk.store, tenant, visitor, channel),
        visitors.load(desk.store, tenant, visitor),
        _foresee(desk, tenant, incoming),
    )
    older = await older_seen(desk, tenant, latest, message_id)
    changes = Changeset(tenant, desk.clock.now(), loaded.directory.settings.ranking)
    if first := find_seen(latest, older, message_id, changes.now):
        session, seq = first
        is_with_bot = latest is not None and latest.value.session.owed_answer is not None
        known = Ingested(session=session, seq=seq, is_duplicate=True, is_with_bot=is_with_bot)
        return await keep(desk, call, _results, known)
    opened = latest if latest and latest.value.session.is_open else None
    if incoming.only_into and (opened is None or opened.value.session.ref != incoming.only_into):
        raise Declined(RefusalCode.SESSION_CLOSED, "The session has ended. Begin a new one.")
    ordinal = latest.value.session.ref.ordinal + 1 if latest else 1
    if opened:
        settings = loaded.directory.settings
        writer = await _append(desk, changes, incoming, opened.value.session, settings, lost)
    else:
        ref = SessionRef(visitor, channel, ordinal, desk.new_id(changes.now))
        writer = await _open(desk, changes, incoming, ref, loaded.directory.settings, lost)
    result = Ingested(
        session=writer.session.ref,
        seq=message_seq(writer),
        may_wait=writer.session.state is SessionState.WAITING,
        is_with_bot=writer.session.owed_answer is not None,
    )
    stored, spilled = remember(tenant, writer, latest.value if latest else None, message_id)
    changes.step(opened, writer, stored)
    if not opened and writer.session.is_open:
        changes.add(*armed(tenant, writer.session.ref, loaded.directory.settings.timeouts, changes.now))
    changes.add(*spilled, *_card_writes(changes, incoming, card), *mark(call, _results, result, changes.now))
    await changes.commit(desk)
    return result


async def _foresee(desk: Desk, tenant: str, incoming: IncomingMessage) -> None:
    """Reads ahead what opening a session takes, unless one was open when this process last saw the visitor."""
    last = desk.last_seen.session(tenant, incoming.visitor, incoming.channel)
    if last is None or not last.is_open:
        keys = read_routing_keys(incoming.ext)
        await foresee_arrival(desk, tenant, visitor=incoming.visitor, channel=incoming.channel, keys=keys)


async def _open(  # noqa: PLR0917  handed on as they come
    desk: Desk, changes: Changeset, incoming: IncomingMessage, ref: SessionRef, settings: TenantSettings, lost: int
) -> LogWriter:
    keys, asks = read_routing_keys(incoming.ext), incoming.asks_for_human(settings, ref.id)
    decision = await _decide(desk, changes, incoming, keys, DispatchTrigger.MESSAGE, lost, asks_for_human=asks)
    writer = LogWriter(changes.now)
    writer.begin(ref, keys)
    to_bot = decision.outcome is DispatchOutcome.KEEP_IN_BOT
    writer.visitor_message(_message(desk, changes, incoming), to_bot=to_bot)
    await dispatch_or_decline(desk, changes, writer, keys, decision)
    return writer


async def _append(  # noqa: PLR0917  as above
    desk: Desk, changes: Changeset, incoming: IncomingMessage, session: Session, settings: TenantSettings, lost: int
) -> LogWriter:
    """Into the open session. Its routing keys count only where the message asks the bot for a human."""
    writer = LogWriter(changes.now, session)
    in_bot = session.state is SessionState.BOT
    writer.visitor_message(_message(desk, changes, incoming), to_bot=in_bot)
    if in_bot and incoming.asks_for_human(settings, session.id):
        keys, trigger = session.keys.replaced_by(read_routing_keys(incoming.ext)), DispatchTrigger.HUMAN_REQUESTED
        decision = await _decide(desk, changes, incoming, keys, trigger, lost, asks_for_human=True)
        await dispatch_or_decline(desk, changes, writer, keys, decision)
    return writer


async def _decide(  # noqa: PLR0917  as above
    desk: Desk,
    changes: Changeset,
    incoming: IncomingMessage,
    keys: RoutingKeys,
    trigger: DispatchTrigger,
    lost: int,
    *,
    asks_for_human: bool,
) -> Decision:
    return await decide_for(
        desk,
        changes,
        visitor=incoming.visitor,
        channel=incoming.channel,
        keys=keys,
        asks_for_human=asks_for_human,
        trigger=trigger,
        lost_claims=lost,
    )


def _message(desk: Desk, changes: Changeset, incoming: IncomingMessage) -> Message:
    return Message(
        id=desk.new_id(changes.now),
        sender=MessageSender.VISITOR,
        type=incoming.type,
        text=incoming.text,
        payload=json_text(incoming.payload),
        ext=json_text(incoming.ext),
        client_message_id=incoming.client_message_id,
        sent_at=changes.now,
    )


def _card_writes(changes: Changeset, incoming: IncomingMessage, card: LoadedVisitor | None) -> list[Write]:
    """The visitor's card, only if the message says something new."""
    known = card.value if card else Visitor(user_name=incoming.visitor)
    told = known.told(visitor_card_of(incoming.ext), read_tags(incoming.ext))
    if told == known:
        return []
    return [visitors.write(changes.tenant, told, card.version if card else Expect.ABSENT)]
