"""A cloud in this process: a store whose changes become events of its stream, sockets, and the handlers between them."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

import msgspec

from kefu.api.schema import build_schema
from kefu.bootstrap import open_store
from kefu.desk.bearer_tokens import sign
from kefu.desk.call import Call, Caller, Role
from kefu.desk.clock import SystemClock
from kefu.desk.close_session import close_session
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.tenants import create_tenant
from kefu.domain.instants import HOUR
from kefu.domain.session_ref import SessionRef
from kefu.entrypoints.lambda_stream import stream_handler
from kefu.entrypoints.lambda_websocket import websocket_handler
from kefu.entrypoints.socket_container import SocketContainer
from kefu.gateway.gateway import Gateway
from kefu.gateway.rolling_over import attend_to_overdue
from kefu.gateway.sockets import SocketBusy, SocketError, SocketGone
from kefu.realtime.protocol import SUBPROTOCOL
from kefu.store.dynamodb_items import ATTRIBUTES, action_of, key_item
from kefu.store.port import Change, Expect, Put, Record, Span, Store
from kefu.testing.clocks import ManualClock

TENANT = "20080"
SECRET = "s" * 32
PARTNER = Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm")
ALLOWED = "https://shop.example"
SCHEMA = build_schema()
EVENTS = """subscription($filter: SessionEventFilter, $after: String) {
  sessionEvents(filter: $filter, after: $after) { cursor event { seq kind session { id } } } }"""


WITHIN_S = 120
"""A test that waits so long for others has failed."""


class Peers:
    """The other ends of all sockets, and the gateway that keeps them open."""

    def __init__(self) -> None:
        self.frames: dict[str, list[dict[str, Any]]] = {}
        self.closed: set[str] = set()
        self.gone: set[str] = set()
        self.silent: set[str] = set()
        """They never take a frame, nor say that they do not: at least until they are gone."""
        self.silence_ends = asyncio.Event()
        self.failing: set[str] = set()
        self.busy: dict[str, int] = {}
        """So often they are asked to wait."""
        self.at_post: Callable[[], None] = lambda: None
        self.at_close: Callable[[], None] = lambda: None

    async def ready(self) -> None:
        pass

    async def post(self, connection_id: str, frame: bytes) -> None:
        assert len(frame) <= 131_072
        self.at_post()
        if connection_id in self.gone or connection_id in self.closed:
            raise SocketGone
        if connection_id in self.failing:
            raise SocketError
        if connection_id in self.silent:
            async with asyncio.timeout(WITHIN_S):
                await self.silence_ends.wait()
            raise SocketGone
        if self.busy.get(connection_id, 0):
            self.busy[connection_id] -= 1
            raise SocketBusy
        self.frames.setdefault(connection_id, []).append(msgspec.json.decode(frame))

    async def close(self, connection_id: str) -> None:
        if connection_id in self.gone:
            raise SocketGone
        self.at_close()
        self.closed.add(connection_id)


class CloudContainer(SocketContainer):
    """A container whose clock a test turns, and whose gateway is in this process."""

    def __init__(self, store_url: str, peers: Peers, **environ: str) -> None:
        super().__init__({"KEFU_STORE": store_url, "KEFU_SECRET": SECRET, "KEFU_BLOBS": "memory:", **environ})
        self.clock = ManualClock(SystemClock().now())  # a file forgets what has expired by the system's
        self._peers = peers

    @cached_property
    def desk(self) -> Desk:
        return Desk(store=self.run(open_store(self.settings.store)), clock=self.clock, random=Random(7))

    @cached_property
    def sockets(self) -> Peers:
        return self._peers


@dataclass(slots=True)
class Invocation:
    """What the runtime tells a handler."""

    left_ms: int = 29_000
    later_ms: int | None = None
    """What is left when it is asked again."""

    def get_remaining_time_in_millis(self) -> int:
        left_ms = self.left_ms
        if self.later_ms is not None:
            self.left_ms = self.later_ms
        return left_ms


@dataclass(slots=True)
class Cloud:
    container: CloudContainer
    peers: Peers
    position: str = ""
    messages: int = 0
    sockets: int = 0

    def __post_init__(self) -> None:
        self.container.run(create_tenant(self.container.desk, TENANT, "Shop"))
        self.position = self.container.run(self.container.desk.store.position())

    @property
    def gateway(self) -> Gateway:
        return self.container.gateway

    @property
    def clock(self) -> ManualClock:
        return self.container.clock

    def token(self, caller: Caller = PARTNER, life_ms: int = HOUR) -> str:
        return sign(caller, self.clock.now() + life_ms, SECRET)

    def connects(self, connection_id: str, **headers: str) -> dict[str, Any]:
        sent = {"Host": "sockets.example", "Sec-WebSocket-Protocol": SUBPROTOCOL} | headers
        about = {"routeKey": "$connect", "eventType": "CONNECT", "connectionId": connection_id, "messageId": None}
        return self._websocket({"headers": sent, "requestContext": about})

    def says(
        self, connection_id: str, frame: dict[str, Any], message_id: str | None = None, *, is_binary: bool = False
    ) -> None:
        self.messages += 1
        about = {
            "routeKey": "$default",
            "eventType": "MESSAGE",
            "connectionId": connection_id,
            "messageId": message_id or f"message-{self.messages}",
        }
        raw = msgspec.json.encode(frame)
        body = (b64encode(raw) if is_binary else raw).decode()
        answer = self._websocket({"requestContext": about, "body": body, "isBase64Encoded": is_binary})
        assert answer == {"statusCode": 200}

    def leaves(self, connection_id: str) -> None:
        about = {"routeKey": "$disconnect", "eventType": "DISCONNECT", "connectionId": connection_id}
        self._websocket({"headers": {}, "requestContext": about})

    def socket(self, caller: Caller = PARTNER, life_ms: int = HOUR) -> str:
        """A socket on which the caller was let in."""
        self.sockets += 1
        connection_id = f"C{self.sockets}="
        assert self.connects(connection_id)["statusCode"] == 200
        payload = {"authorization": f"Bearer {self.token(caller, life_ms)}"}
        self.says(connection_id, {"type": "connection_init", "payload": payload})
        assert self.heard(connection_id) == [{"type": "connection_ack"}]
        return connection_id

    def subscribes(self, connection_id: str, query: str = EVENTS, operation_id: str = "1", **variables: Any) -> None:
        payload = {"query": query, "variables": variables}
        self.says(connection_id, {"type": "subscribe", "id": operation_id, "payload": payload})

    def heard(self, connection_id: str) -> list[dict[str, Any]]:
        """What came since it was asked last."""
        return self.peers.frames.pop(connection_id, [])

    def told(self, connection_id: str) -> list[dict[str, Any]]:
        """The payloads of what came since, all of the same subscription to events."""
        frames = self.heard(connection_id)
        assert {frame["type"] for frame in frames} <= {"next"}, frames
        return [frame["payload"]["data"]["sessionEvents"] for frame in frames]

    def seqs(self, connection_id: str) -> list[int]:
        return [each["event"]["seq"] for each in self.told(connection_id)]

    def write(self, visitor: str, text: str = "你好") -> SessionRef:
        message = IncomingMessage(visitor=visitor, text=text)
        return self.container.run(ingest_message(self.container.desk, Call(by=PARTNER), message)).session

    def answer(self, session: SessionRef, text: str = "您好") -> None:
        outgoing = OutgoingMessage(session=session, text=text)
        self.container.run(send_message(self.container.desk, Call(by=PARTNER), outgoing))

    def close(self, session: SessionRef) -> None:
        self.container.run(close_session(self.container.desk, Call(by=PARTNER), session))

    def stream(self) -> list[dict[str, Any]]:
        """Records of the table's stream that no handler had yet."""
        changes, self.position = self.container.run(changes_since(self.container.desk.store, self.position))
        return [stream_record(change, number) for number, change in enumerate(changes)]

    def publish(
        self, records: Sequence[dict[str, Any]] | None = None, *, left_ms: int = 60_000, later_ms: int | None = None
    ) -> list[str]:
        """The stream's handler has them. Returns what it could not do."""
        event = {"Records": self.stream() if records is None else records}
        answer = stream_handler(self.container)(event, Invocation(left_ms, later_ms))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def tick(self, *, sockets: int = 1_000) -> int:
        """The time is enough for so many."""
        times = iter(range(sockets))
        return self.container.run(attend_to_overdue(self.gateway, lambda: next(times, None) is not None))

    def records(self, partition: str) -> list[Record]:
        return list(self.container.run(self.container.desk.store.scan(partition, Span(limit=100))).records)

    def _websocket(self, event: dict[str, Any], left_ms: int = 29_000) -> dict[str, Any]:
        return websocket_handler(self.container)(event, Invocation(left_ms))


async def changes_since(store: Store, position: str) -> tuple[list[Change], str]:
    until = await store.position()
    found: list[Change] = []
    if until == position:
        return found, until
    async with aclosing(store.changes(position)) as changes:
        async for change in changes:
            found.append(change)
            if change.position == until:
                break
    return found, until


def stream_record(change: Change, number: int) -> dict[str, Any]:
    """As the service hands it to a handler."""
    images = {"OldImage": change.before, "NewImage": change.after}
    told = {name: _item(record) for name, record in images.items() if record}
    about = {"Keys": key_item(change.key), "SequenceNumber": f"{number:021d}", **told}
    return {"eventID": f"event-{number}", "eventName": "MODIFY", "dynamodb": about}


def _item(record: Record) -> dict[str, Any]:
    action = action_of(Put(record, Expect.ANY), "kefu")
    assert action is not None
    values = action["Update"]["ExpressionAttributeValues"]
    named = {ATTRIBUTES[f"#{name[1:]}"]: value for name, value in values.items() if name != ":one"}
    return key_item(record.key) | named | {"version": {"N": str(record.version)}}


@contextmanager
def cloud(store_url: str = "memory:", **environ: str) -> Iterator[Cloud]:
    peers = Peers()
    container = CloudContainer(store_url, peers, **environ)
    try:
        yield Cloud(container, peers)
    finally:
        container.close()
        asyncio.set_event_loop(None)
