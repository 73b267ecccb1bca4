"""The management endpoint of a WebSocket API, where functions post to sockets."""

from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kefu.local_aws.bounds import MESSAGE_BYTES_MAX
from kefu.local_aws.connections import Connection, Connections, Full, Gone
from kefu.local_aws.socket_events import STAGE

_SIGNED = "AWS4-HMAC-SHA256 "


class Management:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def routes(self) -> list[Route]:
        return [Route(f"/{STAGE}/@connections/{{connection_id}}", self._answer, methods=["POST", "GET", "DELETE"])]

    async def _answer(self, request: Request) -> Response:
        if not request.headers.get("authorization", "").startswith(_SIGNED):
            return _error(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        connection_id = request.path_params["connection_id"]
        try:
            match request.method:
                case "POST":
                    return await self._post(connection_id, await request.body())
                case "DELETE":
                    await self._connections.close(connection_id)
                    return Response(status_code=204)
                case _:
                    return JSONResponse(_described(self._connections.get(connection_id)))
        except Gone:
            return _error(410, "GoneException")
        except Full:
            return _error(429, "LimitExceededException", "The client reads too slowly")

    async def _post(self, connection_id: str, body: bytes) -> Response:
        if len(body) > MESSAGE_BYTES_MAX:
            return _error(413, "PayloadTooLargeException", "Message too long")
        await self._connections.post(connection_id, body.decode(errors="replace"))
        return Response(status_code=200)


def _described(connection: Connection) -> Mapping[str, object]:
    opened = connection.opened
    quiet_ms = int((connection.now() - connection.last_active_at) * 1_000)
    return {
        "connectedAt": _iso(opened.connected_at_ms),
        "identity": {"sourceIp": opened.source_ip, "userAgent": opened.user_agent},
        "lastActiveAt": _iso(int(datetime.now(UTC).timestamp() * 1_000) - quiet_ms),
    }


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _error(status: int, kind: str, message: str | None = None) -> Response:
    headers = {"x-amzn-ErrorType": kind}
    return (
        JSONResponse({"message": message}, status, headers)
        if message
        else Response(status_code=status, headers=headers)
    )
