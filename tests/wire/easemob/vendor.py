"""A client of the vendor's REST, beside a shop whose clock a test turns; the laws are held after every call."""

from dataclasses import dataclass, field
from typing import Any

import httpx
from shop import TENANT, Shop
from starlette.applications import Starlette

from kefu.desk.bearer_tokens import sign
from kefu.desk.call import Caller, Role
from kefu.desk.desk import Desk
from kefu.domain.instants import HOUR
from kefu.domain.session import Session
from kefu.domain.session_ref import SessionRef
from kefu.records import sessions
from kefu.wire.easemob import access_token, bindings, messages

SECRET = "a secret of at least thirty-two characters"
CLIENT_ID, SECRET_ID = "8340a6d8-211f-4b81-9202-63ce46f27c02", "ca906984-80f1-41b0-a272-6000df3f76c4"
OTHER_TENANT, OTHER_CLIENT_ID, OTHER_SECRET_ID = "20081", "other-client", "other-secret"
CREDENTIALS = {"clientId": CLIENT_ID, "secretId": SECRET_ID}
FVA = {"businessFlag": "F", "visitUserName": "V", "agentUserName": "a"}
FV = {"businessFlag": "F", "visitUserName": "V"}
OK = {"status": "OK"}
TEXTS = {
    "API_001": "param is invalid,please check your param is correct!",
    "API_002": "token is invalid",
    "API_003": "tenantId is incorrect,please confirm that the tenant ID belongs to you",
    "API_004": "clientId or secretId is incorrect",
    "API_111": "page index must be more than 0.",
    "API_112": "page size must be less than 50.",
    "API_120": "business bind operation failed",
    "API_400": "api request failed",
}


def failed(code: str) -> dict[str, str]:
    """The whole answer with this error."""
    return {"status": "FAIL", "errorCode": code, "errorDescription": TEXTS[code]}


def text(shown: str = " ", **weichat: object) -> dict[str, Any]:
    """A text message with these keys under `ext.weichat`, in the envelope that the vendor's documents print."""
    return {"msg": {"type": "txt", "msg": shown}, "ext": {"weichat": weichat}}


def cmd(action: str, **weichat: object) -> dict[str, Any]:
    return {"msg": {"type": "cmd", "action": action}, "ext": {"weichat": weichat}}


def bearer(role: Role, name: str, shop: Shop, tenant: str = TENANT) -> dict[str, str]:
    caller = Caller(tenant=tenant, role=role, user_name=name)
    return {"kefu-token": sign(caller, shop.clock.now() + HOUR, SECRET)}


def client_of(desk: Desk) -> httpx.AsyncClient:
    """A client at the vendor's doors of this desk."""
    routes = [*access_token.routes(desk), *bindings.routes(desk, SECRET), *messages.routes(desk, SECRET)]
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=Starlette(routes=routes)), base_url="http://desk")


@dataclass(slots=True)
class Vendor:
    shop: Shop
    http: httpx.AsyncClient
    token: str = ""
    cursors: dict[str, str] = field(default_factory=dict)

    async def send(self, method: str, path: str, **given: Any) -> httpx.Response:
        self.shop.clock.advance(1)
        response = await self.http.request(method, path, **given)
        await self.shop.check()
        return response

    async def answer(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        response = await self.send(method, path, **given)
        assert response.status_code == 200
        found: dict[str, Any] = response.json()
        return found

    async def access_token(self, tenant: str = TENANT, /, **body: Any) -> dict[str, Any]:
        return await self.answer("POST", f"/api/platform/tenants/{tenant}/accessToken", json=CREDENTIALS | body)

    async def start(self) -> None:
        """Gets a token for the calls to come."""
        self.token = (await self.access_token())["entity"]["accessToken"]

    async def bind(self, body: Any = None, *, path: str = "busniessbind", **given: Any) -> dict[str, Any]:
        content = given if "content" in given else {"json": FVA if body is None else body}
        return await self._binding("POST", path, given | content)

    async def unbind(self, body: Any = None, *, path: str = "busniessbind", **given: Any) -> dict[str, Any]:
        content = given if "content" in given else {"json": FV if body is None else body}
        return await self._binding("DELETE", path, given | content)

    async def _binding(self, method: str, path: str, given: dict[str, Any]) -> dict[str, Any]:
        headers = given.pop("headers", {"Kefu-Token": self.token})
        tenant = given.pop("tenant", TENANT)
        return await self.answer(method, f"/api/platform/tenants/{tenant}/{path}", headers=headers, **given)

    async def post(self, message: Any, visitor: str = "V", **given: Any) -> dict[str, Any]:
        """What the visitor's own client is answered."""
        headers = bearer(Role.VISITOR, visitor, self.shop)
        given = {"headers": headers} | (given if "content" in given else given | {"json": message})
        return await self.answer("POST", f"/api/platform/tenants/{TENANT}/messages", **given)

    async def write(self, message: Any, visitor: str = "V") -> SessionRef:
        """The session that the visitor's message came to."""
        answer = await self.post(message, visitor)
        assert answer["status"] == "OK", answer
        ref = (await self.newest(visitor)).ref
        assert answer["entity"]["serviceSessionId"] == ref.id
        return ref

    async def newest(self, visitor: str = "V") -> Session:
        [session] = await sessions.of_visitor(self.shop.desk.store, TENANT, visitor, 1)
        return session

    async def where(self, message: Any, visitor: str = "V") -> str:
        """Where the visitor is after his message, in a word."""
        return await self.shop.where(await self.write(message, visitor))

    async def told(self, visitor: str = "V", **params: str) -> list[dict[str, Any]]:
        """What the visitor's client has not been told yet; the first call only says from when on."""
        cursor = {"cursor": self.cursors[visitor]} if visitor in self.cursors else {}
        answer = await self.answer(
            "GET",
            f"/api/platform/tenants/{TENANT}/messages",
            headers=bearer(Role.VISITOR, visitor, self.shop),
            params={"waitSeconds": "0"} | cursor | params,
        )
        self.cursors[visitor] = answer["cursor"]
        entities: list[dict[str, Any]] = answer["entities"]
        return entities

    async def bound_agent(self, flag: str = "F", visitor: str = "V") -> str:
        """Where a first message with the flag leads to."""
        return await self.where(text(businessFlag=flag), visitor)

    async def last_message(self, ref: SessionRef) -> Any:
        return next(entry.message for entry in reversed(await self.shop.log(ref)) if entry.message)

    async def position(self) -> str:
        return await self.shop.desk.store.position()
