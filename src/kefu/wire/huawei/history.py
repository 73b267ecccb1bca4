"""`queryHistoryChatMessage`: what was said on this channel, both sides, newest first."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from msgspec import Meta

from kefu.dataclass import dataclass
from kefu.domain.instants import Instant
from kefu.domain.log import REPLIES, VISITOR_MESSAGES, LogEntry
from kefu.domain.message import Message, MessageSender, MessageType
from kefu.domain.session import Session
from kefu.records import agents, sessions, web_clients
from kefu.wire.huawei.answers import OK, Answer, answer
from kefu.wire.huawei.contents import shown_in_history
from kefu.wire.huawei.fields import ChannelConfigId, OnChannel, UserId
from kefu.wire.huawei.requests import Wrong
from kefu.wire.huawei.visit import CHANNEL, Visit
from kefu.wire.huawei.web_call import AnyWebCall, WebCall

LIMIT_MAX, OFFSET_MAX = 100, 1_000
SESSIONS_MAX = 100
_PAGE, _SESSIONS_PAGE = 100, 20

Digits = Annotated[str, Meta(pattern=r"^[0-9]{1,15}\Z")]


class QueryHistory(OnChannel, frozen=True, kw_only=True):
    channel_id: ChannelConfigId
    user_id: UserId
    limit: Digits
    offset: Digits
    start_time: Digits | None = None
    end_time: Digits | None = None

    @property
    def user(self) -> str:
        return self.user_id


@dataclass(frozen=True, slots=True)
class _Span:
    first: Instant
    last: Instant


async def query_history(visit: Visit, asked: QueryHistory) -> Answer:
    limit, offset = int(asked.limit), int(asked.offset)
    if not 0 < limit <= LIMIT_MAX or offset > OFFSET_MAX:
        raise Wrong(f"limit must be 1 to {LIMIT_MAX}, offset 0 to {OFFSET_MAX}.")
    span = _Span(int(asked.start_time or 0), int(asked.end_time or visit.desk.clock.now()))
    told: list[tuple[Session, LogEntry]] = []
    async for said in _said(visit, span):
        told.append(said)
        if len(told) == offset + limit:
            break
    return answer(OK, "success", messageList=await _items(visit, told[offset:]))


async def _said(visit: Visit, span: _Span) -> AsyncIterator[tuple[Session, LogEntry]]:
    """Messages of the span, newest first."""
    async for session in _sessions(visit):
        if session.started_at > span.last:
            continue
        seq, has_more = session.last_seq + 1, True
        while has_more:
            entries, more = await sessions.log_before(visit.desk.store, visit.tenant, session.id, seq, _PAGE)
            has_more = more and bool(entries)  # a short page may hold nothing new: rather a gap than no end
            for entry in entries:
                seq = entry.seq
                if entry.at < span.first:
                    return
                if entry.at <= span.last and _is_said(entry):
                    yield session, entry


async def _sessions(visit: Visit) -> AsyncIterator[Session]:
    """The visitor's latest sessions on this channel, newest first."""
    behind, has_more, read = None, True, 0
    while has_more and read < SESSIONS_MAX:
        found, has_more = await web_clients.sessions_page(
            visit.desk.store,
            visit.tenant,
            visit.visitor.user_name,
            CHANNEL,
            behind=behind,
            limit=_SESSIONS_PAGE,
            newest_first=True,
        )
        read += len(found)
        for session in found:
            behind = session.ref.ordinal
            yield session


def _is_said(entry: LogEntry) -> bool:
    return (
        entry.message is not None
        and entry.message.type is not MessageType.COMMAND
        and entry.kind in VISITOR_MESSAGES | REPLIES
    )


async def _items(visit: Visit, told: list[tuple[Session, LogEntry]]) -> list[dict[str, Any]]:
    logins = sorted({entry.agent for _, entry in told if entry.agent})
    found = await agents.load(visit.desk.store, visit.tenant, logins) if logins else []
    names = {login: each.value.nickname or login for login, each in zip(logins, found, strict=True) if each}
    return [_item(visit, session, entry, entry.message, names) for session, entry in told if entry.message]


def _item(visit: Visit, session: Session, entry: LogEntry, message: Message, names: dict[str, str]) -> dict[str, Any]:
    what = shown_in_history(message)
    is_visitor = entry.kind in VISITOR_MESSAGES
    is_system = message.sender is MessageSender.SYSTEM
    source = "USER" if is_visitor else "SYSTEM" if is_system else "AGENT" if entry.agent else "ROBOT"
    return {
        "id": message.id,
        "channel": "WEB",
        "senderNickname": visit.visitor.nickname if is_visitor else names.get(entry.agent or "", ""),
        "senderAvatar": None,
        "sendTime": entry.at,
        "receiveTime": entry.at,
        "controlType": "CHAT",
        "sourceType": source,
        "mediaType": what.media_type,
        "content": what.content,
        "callId": session.id,
        "messageCode": message.id,
        "associationContentId": None,
        "sendStatus": None,
        "errorMsg": None,
        "isForwarded": False,
        "forwardTime": None,
        "contentDealType": None,
    }


CALLS: Mapping[str, AnyWebCall] = {"queryhistorychatmessage": WebCall(asked=QueryHistory, reply=query_history)}
