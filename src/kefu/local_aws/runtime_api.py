"""The HTTP interface where a function's processes ask for events and answer them (version 2018-06-01)."""

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kefu.local_aws.bounds import EVENT_BYTES_MAX
from kefu.local_aws.functions import Function, FunctionFailed, Sandbox

_VERSION = "/2018-06-01/runtime"
_TAKEN = {"status": "OK"}


class RuntimeApi:
    """A process is known by the port that it asks at."""

    def __init__(self, functions: Sequence[Function]) -> None:
        self._functions: Mapping[int, tuple[Function, Sandbox]] = {
            sandbox.port: (function, sandbox) for function in functions for sandbox in function.sandboxes
        }

    def routes(self) -> list[Route]:
        return [
            Route(f"{_VERSION}/invocation/next", self._next),
            Route(f"{_VERSION}/invocation/{{request_id}}/response", self._response, methods=["POST"]),
            Route(f"{_VERSION}/invocation/{{request_id}}/error", self._error, methods=["POST"]),
            Route(f"{_VERSION}/init/error", self._init_error, methods=["POST"]),
        ]

    async def _next(self, request: Request) -> Response:
        function, sandbox = self._who(request)
        invocation = await function.next_for(sandbox)
        if invocation is None:
            return Response(status_code=503)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:local:123456789012:function:{function.name}",
            "Lambda-Runtime-Trace-Id": f"Root=1-{invocation.request_id.replace('-', '')[:32]};Sampled=0",
        }
        return Response(invocation.event, media_type="application/json", headers=headers)

    async def _response(self, request: Request) -> Response:
        body = await request.body()
        if len(body) <= EVENT_BYTES_MAX:
            return self._settle(request, body)
        say = f"Response payload size ({len(body)} bytes) exceeded maximum allowed payload size ({EVENT_BYTES_MAX} bytes)."
        self._settle(request, FunctionFailed("Function.ResponseSizeTooLarge", say))
        return JSONResponse({"errorType": "RequestEntityTooLarge", "errorMessage": say}, 413)

    async def _error(self, request: Request) -> Response:
        return self._settle(request, await _failure(request, "Unhandled"))

    async def _init_error(self, request: Request) -> Response:
        function, sandbox = self._who(request)
        function.fail_start(await _failure(request, "Runtime.InitError"))
        sandbox.has_begun = True  # its end fails nobody else
        return JSONResponse(_TAKEN, 202)

    def _settle(self, request: Request, outcome: bytes | FunctionFailed) -> Response:
        function, sandbox = self._who(request)
        if function.answer(sandbox, request.path_params["request_id"], outcome):
            return JSONResponse(_TAKEN, 202)
        return JSONResponse({"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"}, 400)

    def _who(self, request: Request) -> tuple[Function, Sandbox]:
        return self._functions[request.scope["server"][1]]


async def _failure(request: Request, otherwise: str) -> FunctionFailed:
    report = await request.body()
    kind = request.headers.get("Lambda-Runtime-Function-Error-Type", otherwise)
    return FunctionFailed(kind, report.decode(errors="replace"), report)
