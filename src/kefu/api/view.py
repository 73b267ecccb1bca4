"""The schema over HTTP and WebSocket: who calls, how much may come in, and errors that are always JSON."""

import uuid
from typing import Any

import msgspec
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from kefu.api.context import Context
from kefu.api.errors import error_body
from kefu.api.schema import KefuSchema
from kefu.desk.bearer_tokens import NoSuchToken, caller_of
from kefu.desk.call import Role
from kefu.desk.desk import Desk
from kefu.desk.presence import show_presence
from kefu.domain.bounds import REQUEST_BYTES_MAX

_BEARER = "bearer "


class GraphQLView(GraphQL[Context, None]):
    def __init__(
        self, schema: KefuSchema, desk: Desk, secret: str, *, is_development: bool, origins: list[str]
    ) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql" if is_development else None,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            allowed_origins=["*"] if is_development else origins,
        )
        self._desk = desk
        self._secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        try:
            response: Response = await self.run(Request(scope, _bounded(scope, receive)))
        except NoSuchToken as unknown:
            response = JSONResponse(error_body(str(unknown), "UNAUTHENTICATED"), status_code=401)
        except TooManyBytes:
            response = _too_many_bytes()
        except HTTPException as refused:
            code = "BAD_REQUEST" if refused.status_code != 405 else "METHOD_NOT_ALLOWED"  # noqa: PLR2004
            response = JSONResponse(error_body(refused.reason, code), status_code=refused.status_code)
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002  the library's hook
        context = Context(desk=self._desk, secret=self._secret, request_id=str(uuid.uuid4()))
        authorization = request.headers.get("authorization")
        if authorization is not None and isinstance(request, Request):
            await self._identify(context, authorization)
        return context

    async def on_ws_connect(self, context: Context) -> dict[str, object] | None:
        params = context.connection_params or {}
        authorization = next((value for key, value in params.items() if key.lower() == "authorization"), None)
        try:
            await self._identify(context, authorization if isinstance(authorization, str) else "")
        except NoSuchToken as unknown:
            raise ConnectionRejectionError(error_body(str(unknown), "UNAUTHENTICATED")) from unknown
        return {}

    def encode_json(self, data: object) -> str:
        return msgspec.json.encode(data).decode()

    def decode_json(self, data: str | bytes) -> Any:
        try:
            return msgspec.json.decode(data)
        except msgspec.DecodeError as invalid:
            raise HTTPException(400, f"The body is not valid JSON: {invalid}. Send one JSON object.") from invalid

    def parse_json(self, data: str | bytes) -> Any:
        parsed = super().parse_json(data)
        if not isinstance(parsed, dict | list):
            raise HTTPException(400, 'The body is JSON, but not an object. Send {"query": …}.')
        return parsed

    async def _identify(self, context: Context, authorization: str) -> None:
        is_bearer = authorization[: len(_BEARER)].lower() == _BEARER
        if not is_bearer:
            raise NoSuchToken("The authorization must be of the form: Bearer …")
        token = authorization[len(_BEARER) :].strip()
        context.caller, context.expires_at = await caller_of(self._desk, token, self._secret)
        if context.caller.role in (Role.AGENT, Role.SUPERVISOR):
            await show_presence(self._desk, context.caller)


class TooManyBytes(Exception):
    """The body is over `REQUEST_BYTES_MAX`."""


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """`receive`, until more bytes came than one request may have."""
    declared = next(
        (int(value) for name, value in scope["headers"] if name == b"content-length" and value.isdigit()), 0
    )
    received = declared if declared > REQUEST_BYTES_MAX else 0

    async def bounded() -> Any:
        nonlocal received
        if received > REQUEST_BYTES_MAX:
            raise TooManyBytes
        message = await receive()
        received += len(message.get("body", b""))
        if received > REQUEST_BYTES_MAX:
            raise TooManyBytes
        return message

    return bounded


def _too_many_bytes() -> Response:
    text = f"The request is over {REQUEST_BYTES_MAX} bytes. Send less at once, and large content as a file."
    return JSONResponse(error_body(text, "PAYLOAD_TOO_LARGE"), status_code=413, headers={"connection": "close"})
