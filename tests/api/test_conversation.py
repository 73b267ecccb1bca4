"""A conversation's whole life over the API, from the first token to the end."""

import re
from typing import Any

import httpx
import pytest

from api.company import AWAY, SESSION, Company, place_of, weichat
from api.graphql_client import Api
from kefu.domain.channel import Channel

TOKEN_PATHS = ["/api/platform/tenants/{}/accessToken", "/api/tenant/{}/accessToken"]
DECISION = """outcome trigger isDryRun agent { userName } steps { rule outcome reason detail }
  candidates { nodes { agent { userName } isChosen rank refusal status activeSessions maxSessions } }"""


async def access_token(company: Company, path: str, **changed: Any) -> dict[str, Any]:
    credentials = {"clientId": company.credentials.client_id, "secretId": company.credentials.secret_id}
    response = await company.partner.http.post(path.format(company.tenant), json=credentials | changed)
    body: dict[str, Any] = response.json()
    return body


@pytest.fixture
async def desk(company: Company) -> Company:
    """Agents a and b in G1, c in G2, each with room for one."""
    for group in ("G1", "G2"):
        await company.group(group)
    await company.agent("a", "G1")
    await company.agent("b", "G1")
    await company.agent("c", "G2")
    return company


@pytest.mark.parametrize("path", TOKEN_PATHS)
async def test_client_id_and_secret_give_an_access_token_of_two_hours(company: Company, path: str) -> None:
    body = await access_token(company, path)
    token = body["entity"].pop("accessToken")
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert body == {"status": "OK", "entity": {"expireTime": 7200}}


@pytest.mark.parametrize("path", TOKEN_PATHS)
async def test_the_access_token_makes_a_partner(company: Company, path: str) -> None:
    token = (await access_token(company, path))["entity"]["accessToken"]
    viewer = (await Api(company.partner.http, token).ask("{ viewer { tenant role } }"))["viewer"]
    assert viewer == {"tenant": company.tenant, "role": "PARTNER"}


@pytest.mark.parametrize("wrong", [{"clientId": "another"}, {"secretId": "another"}])
async def test_wrong_credentials_get_the_vendors_code(company: Company, wrong: dict[str, str]) -> None:
    assert (await access_token(company, TOKEN_PATHS[0], **wrong))["errorCode"] == "API_004"


async def test_another_tenants_credentials_are_wrong(company: Company, rival: Company) -> None:
    path = TOKEN_PATHS[0].format(rival.tenant)
    assert (await access_token(company, path))["errorCode"] == "API_003"


async def test_a_first_message_is_assigned_with_its_steps(desk: Company) -> None:
    session = await desk.write("V", queueName="G2")
    assert place_of(session) == "with c"
    assert [(step["rule"], step["reason"]) for step in session["decision"]["steps"]] == [
        ("BOT", "NO_BOT"),
        ("DESIGNATED", "NO_AGENT_DESIGNATED"),
        ("QUEUE_NAME", "QUEUE_NAME_MATCHED"),
        ("PRECEDENCE", "BINDING_FIRST"),
        ("BINDING", "NO_BUSINESS_FLAG"),
        ("GROUP_QUEUE", "BEST_FREE_AGENT"),
    ]


async def test_a_decision_names_every_candidate_with_his_reason(desk: Company) -> None:
    await desk.write("busy", agentUsername="a")
    given = {"visitorUserName": "V", "ext": weichat(queueName="G1")}
    decision = (await desk.partner.do("messageIngest", f"decision {{ {DECISION} }}", **given))["decision"]
    weighed = {each["agent"]["userName"]: each for each in decision["candidates"]["nodes"]}
    assert (weighed["a"]["isChosen"], weighed["a"]["refusal"]) == (False, "FULL")
    assert (weighed["b"]["isChosen"], weighed["b"]["rank"], weighed["b"]["refusal"]) == (True, 1, None)


async def test_the_agents_answer_stands_behind_the_visitors_message(desk: Company) -> None:
    session = await desk.write("V", "你好", agentUsername="a")
    await desk.agent_api("a").do("messageSend", sessionId=session["id"], text="您好")
    written = "query($id: ID!) { session(id: $id) { messages { nodes { sender text agent { userName } } } } }"
    messages = (await desk.partner.ask(written, id=session["id"]))["session"]["messages"]["nodes"]
    assert messages == [
        {"sender": "VISITOR", "text": "你好", "agent": None},
        {"sender": "AGENT", "text": "您好", "agent": {"userName": "a"}},
    ]


async def test_unread_counts_the_visitors_messages(desk: Company) -> None:
    await desk.write("V", agentUsername="a")
    assert (await desk.write("V"))["unreadCount"] == 2


async def test_an_answer_leaves_nothing_unread(desk: Company) -> None:
    session = await desk.write("V", agentUsername="a")
    sent = await desk.partner.do("messageSend", "session { unreadCount }", sessionId=session["id"], text="您好")
    assert sent["session"]["unreadCount"] == 0


async def test_a_transfer_to_an_agent_hands_the_session_on(desk: Company) -> None:
    session = await desk.write("V", agentUsername="a")
    given = {"sessionId": session["id"], "toAgent": "b"}
    moved = await desk.partner.do("sessionTransfer", f"session {{ {SESSION} }}", **given)
    assert place_of(moved["session"]) == "with b"


async def test_a_transfer_gives_the_room_it_leaves_to_who_waits(desk: Company) -> None:
    session = await desk.write("V", agentUsername="a")
    waiting = await desk.write("W", agentUsername="a")
    moved = await desk.partner.do("sessionTransfer", "assigned { id }", sessionId=session["id"], toAgent="b")
    assert moved["assigned"] == [{"id": waiting["id"]}]


async def test_a_transfer_to_a_group_takes_its_best_agent(desk: Company) -> None:
    session = await desk.write("V", agentUsername="a")
    given = {"sessionId": session["id"], "toSkillGroupId": desk.groups["G2"]}
    moved = await desk.partner.do("sessionTransfer", f"session {{ {SESSION} }}", **given)
    assert place_of(moved["session"]) == "with c"


async def test_a_transfer_to_a_full_group_keeps_the_start_time(desk: Company) -> None:
    session = await desk.write("V", agentUsername="a")
    await desk.write("W", queueName="G2")
    given = {"sessionId": session["id"], "toSkillGroupId": desk.groups["G2"]}
    moved = (await desk.partner.do("sessionTransfer", f"session {{ {SESSION} }}", **given))["session"]
    assert (place_of(moved), moved["startedAt"]) == ("queued in G2", session["startedAt"])


async def test_a_transfer_to_a_full_agent_is_refused(desk: Company) -> None:
    session = await desk.write("V", agentUsername="a")
    await desk.write("W", agentUsername="b")
    error = await desk.partner.refused("sessionTransfer", sessionId=session["id"], toAgent="b")
    assert (error["code"], error["field"]) == ("AGENT_FULL", ["input", "toAgent"])


async def test_a_transfer_to_an_agent_who_is_away_is_refused(desk: Company) -> None:
    session = await desk.write("V", agentUsername="a")
    await desk.turn("b", AWAY)
    error = await desk.partner.refused("sessionTransfer", sessionId=session["id"], toAgent="b")
    assert error["code"] == "AGENT_NOT_ONLINE"


async def test_a_forced_transfer_waits_in_the_full_agents_line(desk: Company) -> None:
    session = await desk.write("V", agentUsername="a")
    await desk.write("W", agentUsername="b")
    given = {"sessionId": session["id"], "toAgent": "b", "force": True}
    moved = await desk.partner.do("sessionTransfer", f"session {{ {SESSION} }}", **given)
    assert place_of(moved["session"]) == "waits for b"


async def test_the_place_in_the_queue_counts_from_one_and_moves_up(desk: Company) -> None:
    active, first, second = [await desk.write(name, queueName="G2") for name in ("V", "W", "X")]
    assert [each["queuePosition"] for each in (active, first, second)] == [None, 1, 2]
    await desk.close(active["id"])
    assert (await desk.session(second["id"]))["queuePosition"] == 1


async def test_closing_hands_the_room_on(desk: Company) -> None:
    active, waiting = [await desk.write(name, queueName="G2") for name in ("V", "W")]
    assert await desk.close(active["id"]) == [waiting["id"]]


@pytest.mark.parametrize(("who", "reason"), [("agent", "AGENT_END"), ("visitor", "USER_END"), ("partner", "AGENT_END")])
async def test_who_closes_decides_the_end(desk: Company, who: str, reason: str) -> None:
    session = await desk.write("V", agentUsername="a")
    callers = {"agent": desk.agent_api("a"), "visitor": desk.visitor_api("V"), "partner": desk.partner}
    closed = await callers[who].do("sessionClose", "session { state endReason }", sessionId=session["id"])
    assert closed["session"] == {"state": "CLOSED", "endReason": reason}


async def test_a_closed_session_is_not_rated_yet(desk: Company) -> None:
    session = await desk.write("V", agentUsername="a")
    await desk.close(session["id"])
    assert (await desk.session(session["id"]))["rating"] is None


async def test_after_the_end_the_next_message_opens_a_new_session(desk: Company) -> None:
    session = await desk.write("V", agentUsername="a")
    await desk.close(session["id"])
    assert (await desk.write("V"))["id"] != session["id"]


async def test_the_log_is_numbered_and_in_order(desk: Company) -> None:
    session = await desk.write("V", agentUsername="a")
    await desk.partner.do("messageSend", sessionId=session["id"], text="您好")
    await desk.close(session["id"])
    logged = "query($id: ID!) { session(id: $id) { events { nodes { seq kind } } } }"
    events = (await desk.partner.ask(logged, id=session["id"]))["session"]["events"]["nodes"]
    assert [(each["seq"], each["kind"]) for each in events] == list(
        enumerate(
            [
                "SESSION_BEGIN",
                "USER_MESSAGE",
                "HUMAN_REQUESTED",
                "ASSIGNED",
                "AGENT_MESSAGE",
                "AGENT_END",
                "SESSION_END",
            ],
            start=1,
        )
    )


async def test_the_bot_keeps_a_session_until_a_human_is_asked_for(desk: Company) -> None:
    await desk.bot(Channel.WEB)
    given = {"visitorUserName": "V", "channel": "WEB", "ext": weichat(queueName="G2")}
    kept = (await desk.partner.do("messageIngest", "session { id state }", **given))["session"]
    assert kept["state"] == "BOT"
    asked = await desk.visitor_api("V").do("sessionRequestHuman", f"session {{ {SESSION} }}", sessionId=kept["id"])
    assert place_of(asked["session"]) == "with c"


async def test_health_is_told_without_a_token(http: httpx.AsyncClient) -> None:
    assert [(await http.get(path)).status_code for path in ("/healthz", "/readyz")] == [200, 200]
