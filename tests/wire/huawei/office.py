"""An office with agents behind it, and pages of visitors before it: they speak the vendor's dialect and nothing else."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from shop import TENANT, Shop

from kefu.blobs.port import Blobs
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.channel import Channel
from kefu.domain.message import MessageType
from kefu.domain.session import Session
from kefu.domain.session_ref import SessionRef
from kefu.records import sessions

SECRET = "a secret of thirty-two characters, or more"
CLIENT_ID, SECRET_ID = "8340a6d8-211f-4b81-9202-63ce46f27c02", "ca906984-80f1-41b0-a272-6000df3f76c4"
OTHER_TENANT = "20081"
APP_KEY = f"{TENANT}-{CLIENT_ID}"
ENTRY = "202102193196869708"
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"

Answer = dict[str, Any]


@dataclass(kw_only=True)
class Page:
    """A visitor's page, as far as the calls go."""

    http: httpx.AsyncClient
    user: str = "xiaoming"
    headers: Mapping[str, str] = field(default_factory=dict)

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.http.post(_path(path), json=body, headers={**self.headers, **headers})

    async def get(self, path: str, **params: str) -> httpx.Response:
        return await self.http.get(_path(path), params=params, headers=self.headers)

    async def ask(self, path: str, **body: Any) -> Answer:
        answered = await self.post(path, body)
        assert answered.status_code == 200, answered.text
        answer: Answer = answered.json()
        return answer

    async def enter(self, *, app_key: str = APP_KEY, app_secret: str = SECRET_ID, locale: str = "zh_CN") -> "Page":
        """With both tokens, as a page has them before it does anything."""
        asked = {"app_key": app_key, "app_secret": app_secret}
        access = (await self.http.post("/apigovernance/api/oauth/tokenByAkSk", json=asked)).json()
        of_app = {"x-app-key": app_key, "authorization": f"Bearer {access['AccessToken']}"}
        page = replace(self, headers=of_app)
        applied = await page.ask("applyToken", **self.identity, locale=locale)
        return replace(self, headers={**of_app, "ccmessaging-token": applied["token"]})

    @property
    def identity(self) -> dict[str, str]:
        return {"userId": self.user, "userName": "小明", "channelId": ENTRY}

    def sent(self, control: str, content: str | None = None, **more: object) -> dict[str, Any]:
        """A body of `send`, as the brief's client makes it."""
        body = {
            "channel": "WEB",
            "controlType": control,
            "mediaType": "TEXT",
            "content": content,
            "sourceType": "CUSTOMER",
            "to": ENTRY,
            "from": self.user,
            "senderNickname": "小明",
        }
        return body | more

    async def send(self, control: str, content: str | None = None, **more: object) -> Answer:
        return await self.ask("send", **self.sent(control, content, **more))

    async def connect(self) -> Answer:
        return await self.send("CONNECT", "hello")

    async def poll(self) -> list[Answer]:
        answered = await self.get("poll", receiverId=self.user, channel="WEB")
        answer = answered.json()
        assert (answered.status_code, answer["resultCode"]) == (200, "0"), answer
        told: list[Answer] = answer["downlinkMessages"]
        return told

    async def queue(self) -> Answer:
        return await self.ask("queryQueueInfo", userId=self.user, channelConfigId=ENTRY, channel="WEB")

    async def upload(self, content: bytes, file_type: str) -> Answer:
        stream = base64.b64encode(content).decode()
        return await self.ask("uploadFileStream", fileType=file_type, fileStream=stream, channel="WEB")

    async def download(self, file_id: str, file_type: str = "jpg") -> Answer:
        asked = {"fileId": file_id, "channel": "WEB", "fileType": file_type, "multiMedia": "multiMedia"}
        return await self.ask("downloadFileStream", **asked)

    async def history(self, **more: str) -> Answer:
        asked = {"channelId": ENTRY, "userId": self.user, "limit": "50", "offset": "0", "channel": "WEB"}
        return await self.ask("queryHistoryChatMessage", **(asked | more))

    async def rate(self, **more: object) -> Answer:
        asked = {"channel": "WEB", "userId": self.user, "evaluation": "5", "comment": "好", "channelConfigId": ENTRY}
        return await self.ask("saveSatisfaction", **(asked | more))


@dataclass(kw_only=True)
class Office:
    shop: Shop
    http: httpx.AsyncClient
    patient: httpx.AsyncClient
    """The same server, whose polls wait until something comes."""
    blobs: Blobs

    async def page(self, user: str = "xiaoming", *, locale: str = "zh_CN", is_patient: bool = False) -> Page:
        return await Page(http=self.patient if is_patient else self.http, user=user).enter(locale=locale)

    async def session(self, user: str = "xiaoming") -> Session:
        loaded = await sessions.newest(self.shop.desk.store, TENANT, user, Channel.WEB)
        assert loaded is not None
        return loaded.value.session

    async def ref(self, user: str = "xiaoming") -> SessionRef:
        return (await self.session(user)).ref

    async def say(self, text: str, type_: MessageType = MessageType.TEXT, **payload: object) -> None:
        """The agent who has xiaoming's session writes to him."""
        said = OutgoingMessage(session=await self.ref(), text=text, type=type_, payload=payload or None)
        await self.shop.step(send_message(self.shop.desk, self.shop.call(), said))

    async def end(self, user: str = "xiaoming") -> None:
        await self.shop.close(await self.ref(user))

    async def hand_to(self, agent: str, user: str = "xiaoming") -> None:
        target = TransferTarget(agent=agent)
        await self.shop.step(transfer_session(self.shop.desk, self.shop.call(), await self.ref(user), target))


def _path(path: str) -> str:
    return path if path.startswith("/") else f"/apiaccess/ccmessaging/{path}"
