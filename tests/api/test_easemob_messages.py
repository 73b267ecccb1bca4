"""What an Easemob visitor client is told, long-polled by a visitor without a socket."""

import asyncio
from typing import Any

import pytest

from api.company import Company
from api.stage import Stage
from kefu.desk.call import Role

PATIENCE_S = 120
"""Only a test that has failed waits so long."""


class Visitor:
    """A client that polls on from cursor to cursor."""

    def __init__(self, company: Company, name: str) -> None:
        self.company = company
        self.token = company.server.token(company.tenant, Role.VISITOR, name)
        self.cursor: str | None = None

    async def poll(self, **params: str) -> dict[str, Any]:
        asked = ({"cursor": self.cursor} if self.cursor else {}) | params
        path = f"/api/platform/tenants/{self.company.tenant}/messages"
        bearer = {"authorization": f"Bearer {self.token}"}
        answer: dict[str, Any] = (await self.company.partner.http.get(path, params=asked, headers=bearer)).json()
        self.cursor = answer.get("cursor", self.cursor)
        return answer

    async def post(self, text: str, **weichat: object) -> dict[str, Any]:
        path = f"/api/platform/tenants/{self.company.tenant}/messages"
        message = {"msg": {"type": "txt", "msg": text}, "ext": {"weichat": weichat}}
        bearer = {"authorization": f"Bearer {self.token}"}
        answer: dict[str, Any] = (await self.company.partner.http.post(path, json=message, headers=bearer)).json()
        return answer

    async def told(self, number: int, **params: str) -> list[dict[str, Any]]:
        """The next so many messages, in as many polls as they take."""
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(PATIENCE_S):
            while len(found) < number:
                found.extend((await self.poll(**params))["entities"])
        return found


@pytest.fixture
async def visitor(company: Company) -> Visitor:
    polling = Visitor(company, "poller")
    await polling.poll(waitSeconds="0")
    return polling


def event_of(message: dict[str, Any]) -> str:
    name: str = message["ext"]["weichat"]["event"]["eventName"]
    return name


async def test_a_session_is_told_from_its_opening_to_its_end(company: Company, visitor: Visitor) -> None:
    await company.partner.do("agentSave", userName="solo", nickname="Solo", maxSessions=1, skillGroupIds=[])
    await company.partner.do("agentStatusSet", userName="solo", status="ONLINE")
    ingested = await company.partner.do(
        "messageIngest", "session { id }", visitorUserName="poller", ext={"weichat": {"agentUsername": "solo"}}
    )
    session = ingested["session"]["id"]
    await company.partner.do("messageSend", sessionId=session, text="您好")
    await company.partner.do("sessionClose", sessionId=session)
    created, opened, answer, closed = await visitor.told(4)
    assert [event_of(created), event_of(opened), event_of(closed)] == [
        "ServiceSessionCreatedEvent",
        "ServiceSessionOpenedEvent",
        "ServiceSessionClosedEvent",
    ]
    assert opened["ext"]["weichat"]["event"]["eventObj"]["agentUserNiceName"] == "Solo"
    assert answer["msg"] == {"type": "txt", "msg": "您好"}
    assert closed["ext"]["weichat"]["service_session"]["serviceSessionId"]


async def test_a_visitor_without_a_socket_has_a_whole_conversation(company: Company, visitor: Visitor) -> None:
    await company.agent("solo")
    posted = await visitor.post("你好", msg_id_for_ack="m1")
    await visitor.told(3)
    waiting = asyncio.create_task(visitor.poll(waitSeconds="20"))
    own = await company.partner.ask('{ visitor(userName: "poller") { openSession { id } } }')
    await company.partner.do("messageSend", sessionId=own["visitor"]["openSession"]["id"], text="您好")
    [answer] = (await waiting)["entities"]
    assert answer["msg"] == {"type": "txt", "msg": "您好"}
    assert answer["ext"]["weichat"]["service_session"] == posted["entity"]


async def test_who_waits_and_is_transferred_is_told_so(company: Company, visitor: Visitor) -> None:
    for name, status in (("first", "BUSY"), ("second", "ONLINE")):
        await company.partner.do("agentSave", userName=name, nickname=name)
        await company.partner.do("agentStatusSet", userName=name, status=status)
    ingested = await company.partner.do(
        "messageIngest", "session { id }", visitorUserName="poller", ext={"weichat": {"agentUsername": "first"}}
    )
    await company.partner.do("sessionTransfer", sessionId=ingested["session"]["id"], toAgent="second")
    created, queued, transferred = await visitor.told(3)
    assert event_of(created) == "ServiceSessionCreatedEvent"
    assert event_of(queued) == "ServiceSessionTransferedToAgentQueueEvent"
    assert (transferred["msg"], event_of(transferred)) == (
        {"type": "cmd", "action": "transfer"},
        "ServiceSessionTransferedEvent",
    )


async def test_a_visitor_is_told_of_his_own_sessions_alone(company: Company, visitor: Visitor) -> None:
    await company.partner.do("messageIngest", visitorUserName="another")
    own = await visitor.post("hi")
    told = await visitor.told(1)
    assert {each["ext"]["weichat"]["service_session"]["serviceSessionId"] for each in told} == {
        own["entity"]["serviceSessionId"]
    }


async def test_a_partner_polls_for_a_visitor_he_names(stage: Stage) -> None:
    company = stage.company
    polling = Visitor(company, "poller")
    polling.token = company.partner.token or ""
    await polling.poll(waitSeconds="0", visitor="poller")
    await company.partner.do("messageIngest", visitorUserName="poller")
    assert event_of((await polling.told(1, visitor="poller"))[0]) == "ServiceSessionCreatedEvent"


@pytest.mark.parametrize(
    ("params", "code"),
    [({"cursor": "garbage"}, "API_001"), ({"waitSeconds": "soon"}, "API_001"), ({"waitSeconds": "-1"}, "API_001")],
)
async def test_garbage_gets_the_vendors_error(visitor: Visitor, params: dict[str, str], code: str) -> None:
    assert (await visitor.poll(**params))["errorCode"] == code


async def test_a_wrong_token_gets_the_vendors_error(visitor: Visitor) -> None:
    visitor.token = "no token of ours"
    assert (await visitor.poll())["errorCode"] == "API_002"


async def test_another_tenants_path_gets_the_vendors_error(company: Company) -> None:
    bearer = {"authorization": f"Bearer {company.server.token(company.tenant, Role.VISITOR, 'poller')}"}
    answer = await company.partner.http.get("/api/platform/tenants/999999/messages", headers=bearer)
    assert answer.json()["errorCode"] == "API_003"
