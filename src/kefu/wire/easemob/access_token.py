"""`POST …/accessToken`: clientId and secretId for an access token of two hours, as a partner starts."""

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from kefu.desk.desk import Desk
from kefu.desk.tenants import Credentials, OthersCredentials, UnknownTenant, WrongCredentials, issue_access_token
from kefu.wire.easemob.door import body_of, endpoint, text_in
from kefu.wire.easemob.errors import ApiError, Failed

PATHS = ("/api/platform/tenants/{tenant}/accessToken", "/api/tenant/{tenant}/accessToken")


def routes(desk: Desk) -> list[Route]:
    async def access_token(request: Request, tenant: str) -> dict[str, Any]:
        body = await body_of(request, tenant)
        credentials = Credentials(
            tenant=tenant, client_id=text_in(body, "clientId"), secret_id=text_in(body, "secretId")
        )
        try:
            token, life_s = await issue_access_token(desk, credentials)
        except (UnknownTenant, OthersCredentials) as others:
            raise Failed(ApiError.TENANT_INCORRECT) from others
        except WrongCredentials as wrong:
            raise Failed(ApiError.CREDENTIALS_INCORRECT) from wrong
        return {"status": "OK", "entity": {"accessToken": token, "expireTime": life_s}}

    return [Route(path, endpoint(desk, access_token), methods=["POST"]) for path in PATHS]
