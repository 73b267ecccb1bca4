"""WebSocket frames as API Gateway takes and gives them: none over 32 KB, no message over 128 KB, no ping of its own."""

from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from kefu.local_aws.bounds import FRAME_BYTES_MAX, MESSAGE_BYTES_MAX

CUT = "cut"
IS_FULL = "is_full"


class GatewayFrames(WebSocketsSansIOProtocol):
    """uvicorn's, with limits on both, and two more ways to handle a socket: under `state`, `CUT` and `IS_FULL`."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.conn.max_message_size, self.conn.max_fragment_size = MESSAGE_BYTES_MAX, FRAME_BYTES_MAX

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:  # noqa: PLR2004  Switching Protocols; else there is no scope
            self.scope["state"] |= {CUT: self.transport.abort, IS_FULL: lambda: not self.writable.is_set()}

    async def send(self, message: Any) -> None:
        text = message["type"] == "websocket.send" and (message.get("text") or "").encode()
        if not text or len(text) <= FRAME_BYTES_MAX:
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        pieces = [text[start : start + FRAME_BYTES_MAX] for start in range(0, len(text), FRAME_BYTES_MAX)]
        self.conn.send_text(pieces[0], fin=False)
        for piece in pieces[1:-1]:
            self.conn.send_continuation(piece, fin=False)
        self.conn.send_continuation(pieces[-1], fin=True)
        self.transport.write(b"".join(self.conn.data_to_send()))
