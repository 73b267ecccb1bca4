"""The schema over HTTP and WebSocket: who calls, how much may come in, and errors that are always JSON."""

import logging
import uuid
from http import HTTPStatus
from json import JSONDecodeError
from typing import Any

import msgspec
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLRequestData

from kefu.api.context import Context
from kefu.api.errors import error_body
from kefu.api.origins import may_open
from kefu.api.schema import KefuSchema
from kefu.desk.bearer_tokens import NoSuchToken
from kefu.desk.call import Role
from kefu.desk.desk import Desk
from kefu.domain.bounds import REQUEST_BYTES_MAX
from kefu.request_body import BoundedBody, TooManyBytes

log = logging.getLogger("kefu.api")

_GRAPHQL_RESPONSE = "application/graphql-response+json"
_NEGOTIATED = "x-kefu-negotiated"


class GraphQLView(GraphQL[Context, None]):
    def __init__(
        self, schema: KefuSchema, desk: Desk, secret: str, *, is_development: bool, origins: list[str]
    ) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql" if is_development else None,
            allowed_origins=["*"] if is_development else origins,
        )
        self._schema = schema
        self._desk = desk
        self._secret = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._converse(WebSocket(scope, receive, send))
            return
        body = BoundedBody(scope["headers"], receive)
        try:
            response: Response = await self.run(Request(scope, body.receive))
        except NoSuchToken as unknown:
            response = JSONResponse(error_body(str(unknown), "UNAUTHENTICATED"), status_code=401)
        except TooManyBytes:
            await body.drain()
            response = _too_many_bytes()
        except HTTPException as refused:
            response = _refused(refused)
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002  the library's hook
        context = self._context(is_over_http=True)
        authorization = request.headers.get("authorization")
        if authorization is not None:
            await context.identify(authorization)
        return context

    def encode_json(self, data: object) -> str:
        return msgspec.json.encode(data).decode()

    def decode_json(self, data: str | bytes) -> Any:
        try:
            return msgspec.json.decode(data)
        except (ValueError, RecursionError) as invalid:
            raise JSONDecodeError(str(invalid), "", 0) from invalid

    def parse_json(self, data: str | bytes) -> Any:
        try:
            parsed = self.decode_json(data)
        except JSONDecodeError as invalid:
            raise HTTPException(400, f"The body is not valid JSON ({invalid.msg})") from invalid
        if not isinstance(parsed, dict | list):
            raise HTTPException(400, "The body is JSON, but not an object")
        return parsed

    async def execute_single(  # noqa: PLR0917  the library's hook
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        sub_response: Response,
        context: Context,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> Any:
        if not isinstance(request_data.operation_name, str | None):
            raise HTTPException(400, "operationName must be a text")
        caller = context.caller
        if caller and caller.role is Role.VISITOR and not (request_data.query or "").lstrip().startswith("mutation"):
            from kefu.desk.visitor_presence import note_visitor  # noqa: PLC0415  most requests are none of these

            await note_visitor(self._desk, caller)  # his messages tell that he is there by themselves
        return await super().execute_single(request, request_adapter, sub_response, context, root_value, request_data)

    def create_response(self, response_data: Any, sub_response: Response) -> Response:
        response = super().create_response(response_data, sub_response)
        if response.headers.get(_NEGOTIATED):
            response.headers["content-type"] = _GRAPHQL_RESPONSE
            del response.headers[_NEGOTIATED]
        return response

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        response = await super().get_sub_response(request)
        if _GRAPHQL_RESPONSE in request.headers.get("accept", ""):
            response.headers[_NEGOTIATED] = "1"
        return response

    async def _converse(self, socket: WebSocket) -> None:
        if not may_open(socket.headers, self.allowed_origins):
            log.warning("a socket of a page from %r was refused: no allowed origin", socket.headers["origin"])
            await self.reject_websocket(socket)
            return
        from kefu.api.sockets import GraphQLSocket  # noqa: PLC0415  where requests alone are answered, it is never loaded

        context = self._context(is_over_http=False)
        await GraphQLSocket(socket, schema=self._schema, context=context, admits=context.admits).serve()

    def _context(self, *, is_over_http: bool) -> Context:
        return Context(desk=self._desk, secret=self._secret, request_id=str(uuid.uuid4()), is_over_http=is_over_http)


def _refused(refused: HTTPException) -> Response:
    if refused.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return JSONResponse(error_body(refused.reason, "METHOD_NOT_ALLOWED"), status_code=refused.status_code)
    told = f'{refused.reason.rstrip(".")}. Send one JSON object {{"query": …}} as application/json.'
    return JSONResponse(error_body(told, "BAD_REQUEST"), status_code=refused.status_code)


def _too_many_bytes() -> Response:
    text = f"The request is over {REQUEST_BYTES_MAX} bytes. Send less at once, and large content as a file."
    return JSONResponse(error_body(text, "PAYLOAD_TOO_LARGE"), status_code=413, headers={"connection": "close"})
