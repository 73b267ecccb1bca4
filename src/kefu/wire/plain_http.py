"""What came to the edge without TLS is refused: a redirect would drop the body of a POST, and the token has been seen."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class RefusesPlainHttp:
    """Whoever ends TLS says what came: `X-Forwarded-Proto`. Without that header nobody can tell, and all is let in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and Headers(scope=scope).get("x-forwarded-proto", "").strip().lower() == "http":
            refused = JSONResponse(
                {"error": "Send it again by https."}, status_code=400, headers={"connection": "close"}
            )
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)
