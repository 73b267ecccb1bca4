"""An agent answers."""

from collections.abc import Mapping

from kefu.dataclass import dataclass
from kefu.desk.call import Call, Role
from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.input import json_object, json_text, message_text, named
from kefu.desk.once import attempt_once, keep, mark
from kefu.desk.open_session import load_open
from kefu.desk.seen_messages import find_seen, older_seen, remember
from kefu.domain.directory import Ranking
from kefu.domain.instants import Instant
from kefu.domain.log_writer import LogWriter
from kefu.domain.message import Message, MessageSender, MessageType
from kefu.domain.refusals import Declined, RefusalCode
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.records.codec import Codec


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingMessage:
    session: SessionRef
    type: MessageType = MessageType.TEXT
    text: str = ""
    payload: Mapping[str, object] | None = None
    ext: Mapping[str, object] | None = None
    client_message_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    session: SessionRef
    seq: int


_results = Codec(Sent)


async def send_message(desk: Desk, call: Call, outgoing: OutgoingMessage) -> Sent:
    """Adds an answer to an active session, once per client message id.

    Raises `NotFound`, or `Declined` if the session is closed or nobody serves it.
    """
    _check(call, outgoing)
    sent, _ = await attempt_once(desk, call, _results, lambda desk, _: _send(desk, call, outgoing))
    return sent


def _check(call: Call, outgoing: OutgoingMessage) -> None:
    if call.by.role is Role.VISITOR:
        raise Declined(RefusalCode.NOT_ALLOWED, "A visitor writes with messageIngest; messageSend is for agents.")
    message_text(outgoing.text)
    json_object(outgoing.payload, "payload")
    json_object(outgoing.ext, "ext")
    if outgoing.client_message_id is not None:
        named(outgoing.client_message_id, "clientMessageId")


async def _send(desk: Desk, call: Call, outgoing: OutgoingMessage) -> Sent:
    loaded = await load_open(desk, call.by, outgoing.session)
    session, now, own_id = loaded.value.session, desk.clock.now(), _own_id(outgoing)
    older = await older_seen(desk, call.tenant, loaded, own_id)
    if found := find_seen(loaded, older, own_id, now):
        return await keep(desk, call, _results, Sent(session=found[0], seq=found[1]))
    _require_active(session)
    writer = LogWriter(now, session)
    writer.agent_message(_message(desk, outgoing, session.agent, now))
    sent = Sent(session=session.ref, seq=writer.session.last_seq)
    changes = Changeset(call.tenant, now, Ranking.LEAST_LOADED)
    stored, spilled = remember(call.tenant, writer, loaded.value, own_id)
    changes.step(loaded, writer, stored)
    changes.add(*spilled, *mark(call, _results, sent, now))
    await changes.commit(desk)
    return sent


def _require_active(session: Session) -> None:
    if session.state is not SessionState.ACTIVE:
        raise Declined(
            RefusalCode.SESSION_NOT_ACTIVE,
            f"The session is {session.state}: no agent serves it yet. Wait until it is assigned, or transfer it.",
            "sessionId",
        )


def _message(desk: Desk, outgoing: OutgoingMessage, agent: str | None, now: Instant) -> Message:
    return Message(
        id=desk.new_id(now),
        sender=MessageSender.AGENT,
        type=outgoing.type,
        text=outgoing.text,
        payload=json_text(outgoing.payload),
        ext=json_text(outgoing.ext),
        client_message_id=outgoing.client_message_id,
        sent_at=now,
        agent=agent,
    )


def _own_id(outgoing: OutgoingMessage) -> str | None:
    """Agents' ids and visitors' lie in one list: the direction keeps them apart."""
    return f"> {outgoing.client_message_id}" if outgoing.client_message_id is not None else None
