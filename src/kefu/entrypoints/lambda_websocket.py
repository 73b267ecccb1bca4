"""Sockets of a WebSocket API of API Gateway: $connect, $default and $disconnect."""

import logging
from base64 import b64decode
from collections.abc import Callable
from typing import Any, TypeAlias

from kefu.domain.instants import SECOND, Instant
from kefu.entrypoints.socket_container import CONTAINER, SocketContainer
from kefu.gateway.gateway import Gateway
from kefu.gateway.hearing import connect, disconnect, hear
from kefu.gateway.saying import drop
from kefu.realtime.protocol import SUBPROTOCOL

Event: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[Event, Any], dict[str, Any]]

log = logging.getLogger("kefu.gateway")

LAST_S = 3
"""Of a handler's time, kept for what is under way."""


def websocket_handler(container: SocketContainer) -> Handler:
    def handle(event: Event, context: Any) -> dict[str, Any]:
        left_ms: int = context.get_remaining_time_in_millis()
        until = container.desk.clock.now() + left_ms - LAST_S * SECOND
        return container.run(_answer(container.gateway, event, until))

    if container.is_starting:
        _ = container.gateway
    return handle


async def _answer(gateway: Gateway, event: Event, until: Instant) -> dict[str, Any]:
    about = event["requestContext"]
    connection_id = str(about["connectionId"])
    match about["routeKey"]:
        case "$connect":
            headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
            offered = [each.strip() for each in headers.get("sec-websocket-protocol", "").split(",")]
            status = await connect(gateway, connection_id, headers, offered)
            # The gateway opens a socket with the subprotocol that is named here, and with none else.
            return {"statusCode": status.value, "headers": {"Sec-WebSocket-Protocol": SUBPROTOCOL}}
        case "$disconnect":
            await disconnect(gateway, connection_id)
        case _:
            body = event.get("body") or ""
            frame = b64decode(body) if event.get("isBase64Encoded") else body
            try:
                await hear(gateway, connection_id, frame, str(about["messageId"]), until)
            except Exception:  # the gateway would tell the client what is no message of the protocol
                log.exception("a frame was not taken up; its socket is closed, and the client comes back")
                await drop(gateway, connection_id)
    return {"statusCode": 200}


handler = websocket_handler(CONTAINER)
