"""The brief's client code, line by line: `sendConnect`, `pushAgentMessage`, `dealWithMedia`, `dealWithDrop`.

It looks at an item in the vendor's order and compares as JavaScript's `===` does. What it drew on the screen is kept
in lists. `setTimeout` and the event bus are left out: the test calls `push_agent_messages` as often as `startPoll`.
"""

import base64
from dataclasses import dataclass, field
from typing import Any

from wire.huawei.office import ENTRY, Page

MEDIA_TYPE = {"IMAGE": "jpg", "VIDEO": "mp4", "AUDIO": "mp3"}
ITEM_TYPE = {"IMAGE": 1, "VIDEO": 2, "AUDIO": 3}


@dataclass(kw_only=True)
class DemoClient:
    page: Page
    is_chatting: bool = False
    to_agent: bool = False
    is_first_to_agent: bool = True
    talks_to: str = ""
    tips_shown: bool = False
    queue_positions: list[int] = field(default_factory=list)
    records: list[tuple[int, str, str]] = field(default_factory=list)
    """What is displayed: type, text or media, and who said it."""
    robot_records: list[str] = field(default_factory=list)

    async def send_connect(self) -> None:
        connection = {
            "channel": "WEB",
            "controlType": "CONNECT",
            "mediaType": "TEXT",
            "content": "hello",
            "sourceType": "CUSTOMER",
            "to": ENTRY,
            "from": self.page.user,
            "senderNickname": "小明",
        }
        answer = await self.page.ask("send", **connection)
        if answer["resultCode"] == "0":
            self.is_chatting = True

    async def push_agent_messages(self) -> None:
        answered = await self.page.get("poll", receiverId=self.page.user, channel="WEB")
        for item in answered.json().get("downlinkMessages") or []:
            await self._show(item)

    async def _show(self, item: dict[str, Any]) -> None:
        if item["sourceType"] == "AGENT":
            self.to_agent = True
            self.tips_shown = False
            if self.is_first_to_agent:
                self.is_first_to_agent = False
                self.talks_to = item["senderNickname"]
        if item["sourceType"] == "ROBOT":
            self.robot_records.append(item["content"])
            return
        if MEDIA_TYPE.get(item["mediaType"]) is not None:
            await self._deal_with_media(item)
            return
        if item["controlType"] == "DISCONNECT":
            self.is_chatting = False
            return
        self.records.append((0, item["content"], item["senderNickname"]))
        if item["queueFlag"]:
            self.tips_shown = True
            await self._query_queue()

    async def _deal_with_media(self, item: dict[str, Any]) -> None:
        asked = {
            "fileId": item["content"],
            "channel": "WEB",
            "fileType": MEDIA_TYPE[item["mediaType"]],
            "multiMedia": "multiMedia",
        }
        kind = ITEM_TYPE[item["mediaType"]]
        answer = await self.page.ask("downloadFileStream", **asked)
        if answer["resultCode"] == "0":
            base64.b64decode(answer["fileStream"], validate=True)
            head = {1: "data:image/jpeg;base64,", 2: "data:video/mp4;base64,"}.get(kind, "data:audio/mp3;base64,")
            self.records.append((kind, head + answer["fileStream"], item["senderNickname"]))

    async def _query_queue(self) -> None:
        answer = await self.page.queue()
        if answer["resultCode"] == "0":
            self.queue_positions.append(answer["position"])
