"""Subscriptions over graphql-transport-ws: what is told to whom, and how one resumes."""

from collections.abc import Callable
from typing import Any

import pytest

from api.company import BUSY, Company
from api.graphql_client import Subscription
from kefu.desk.call import Role

EVENTS = """subscription($filter: SessionEventFilter, $after: String) {
  sessionEvents(filter: $filter, after: $after) { cursor event { seq kind session { id visitor { userName } } } } }"""
QUEUE = """subscription($group: ID, $after: String) {
  queueChanged(skillGroupId: $group, after: $after) { cursor queue { waiting skillGroup { name } } } }"""
AGENT = "subscription($name: String) { agentChanged(userName: $name) { cursor agent { userName status } } }"
ONE_LIFE = ["SESSION_BEGIN", "USER_MESSAGE", "HUMAN_REQUESTED", "ASSIGNED", "AGENT_MESSAGE", "AGENT_END", "SESSION_END"]
FRAMES_MAX = 20


async def one_life(company: Company, visitor: str = "V") -> str:
    """A whole conversation with agent a: seven events."""
    session_id = await company.receive(visitor, "你好", agentUsername="a")
    await company.partner.do("messageSend", sessionId=session_id, text="您好")
    await company.close(session_id)
    return session_id


async def told(news: Subscription, count: int) -> list[dict[str, Any]]:
    """The next payloads of `sessionEvents`."""
    return [(await news.next())["sessionEvents"] for _ in range(count)]


async def until(news: Subscription, field: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first of the next payloads that is as asked: what is told at least once may be told twice."""
    for _ in range(FRAMES_MAX):
        payload: dict[str, Any] = (await news.next())[field]
        if holds(payload):
            return payload
    raise AssertionError(f"none of {FRAMES_MAX} payloads of {field} is as asked")


@pytest.fixture
async def desk(company: Company) -> Company:
    """Agent a in G1 and b in G2, each with room for three; nobody in G3."""
    for name, group in (("a", "G1"), ("b", "G2")):
        await company.group(group)
        await company.agent(name, group, max_sessions=3)
    await company.group("G3")
    return company


async def test_a_conversation_is_told_event_by_event(desk: Company) -> None:
    async with desk.partner.subscribe(EVENTS) as news:
        await one_life(desk)
        events = [each["event"] for each in await told(news, len(ONE_LIFE))]
    assert [(each["seq"], each["kind"]) for each in events] == list(enumerate(ONE_LIFE, start=1))


@pytest.mark.parametrize("behind", range(len(ONE_LIFE)))
async def test_resuming_goes_on_behind_the_cursor(desk: Company, behind: int) -> None:
    async with desk.partner.subscribe(EVENTS) as news:
        await one_life(desk)
        cursor = (await told(news, len(ONE_LIFE)))[behind]["cursor"]
    await one_life(desk, "later")
    async with desk.partner.subscribe(EVENTS, after=cursor) as resumed:
        events = [each["event"] for each in await told(resumed, len(ONE_LIFE) - behind)]
    expected = [*enumerate(ONE_LIFE[behind + 1 :], start=behind + 2), (1, "SESSION_BEGIN")]
    assert [(each["seq"], each["kind"]) for each in events] == expected


async def test_two_conversations_at_once_are_each_told_in_order(desk: Company) -> None:
    async with desk.partner.subscribe(EVENTS) as news:
        first = await desk.receive("V", "你好", agentUsername="a")
        second = await desk.receive("W", "你好", agentUsername="b")
        for session_id in (first, second):
            await desk.close(session_id)
        events = [each["event"] for each in await told(news, 12)]
    for session_id in (first, second):
        assert [each["seq"] for each in events if each["session"]["id"] == session_id] == [1, 2, 3, 4, 5, 6]


FILTERS: dict[str, Callable[[Company, str], dict[str, Any]]] = {
    "session": lambda _desk, session_id: {"sessionId": session_id},
    "visitor": lambda _desk, _id: {"visitorUserName": "V"},
    "agent": lambda _desk, _id: {"agentUserName": "A"},
    "group": lambda desk, _id: {"skillGroupId": desk.groups["G1"]},
    "all at once": lambda desk, session_id: {
        "sessionId": session_id,
        "visitorUserName": "V",
        "agentUserName": "a",
        "skillGroupId": desk.groups["G1"],
    },
}


@pytest.mark.parametrize("chosen", FILTERS.values(), ids=FILTERS)
async def test_a_filter_lets_only_its_own_through(
    desk: Company, chosen: Callable[[Company, str], dict[str, Any]]
) -> None:
    own = (await desk.write("V", queueName="G1"))["id"]
    async with desk.partner.subscribe(EVENTS, filter=chosen(desk, own)) as news:
        await desk.write("W", queueName="G2")
        await desk.partner.do("messageSend", sessionId=own, text="您好")
        [payload] = await told(news, 1)
    assert (payload["event"]["kind"], payload["event"]["session"]["id"]) == ("AGENT_MESSAGE", own)


async def test_kinds_let_only_those_through(desk: Company) -> None:
    async with desk.partner.subscribe(EVENTS, filter={"kinds": ["ASSIGNED", "SESSION_END"]}) as news:
        await one_life(desk)
        events = [each["event"] for each in await told(news, 2)]
    assert [each["kind"] for each in events] == ["ASSIGNED", "SESSION_END"]


async def test_a_cursor_of_a_chosen_kind_resumes_without_a_gap(desk: Company) -> None:
    async with desk.partner.subscribe(EVENTS, filter={"kinds": ["ASSIGNED"]}) as news:
        await one_life(desk)
        [assigned] = await told(news, 1)
    async with desk.partner.subscribe(EVENTS, after=assigned["cursor"]) as resumed:
        events = [each["event"]["kind"] for each in await told(resumed, 3)]
    assert events == ONE_LIFE[4:]


@pytest.mark.parametrize("asked", [{}, {"filter": {"visitorUserName": "V"}}])
async def test_a_visitor_is_told_of_his_own_sessions_only(desk: Company, asked: dict[str, Any]) -> None:
    async with desk.visitor_api("V").subscribe(EVENTS, **asked) as news:
        await one_life(desk, "W")
        await one_life(desk, "V")
        [payload] = await told(news, 1)
    assert payload["event"]["session"]["visitor"] == {"userName": "V"}


async def test_a_visitor_who_asks_for_another_is_told_nothing(desk: Company) -> None:
    async with desk.visitor_api("V").subscribe(EVENTS, filter={"visitorUserName": "W"}) as news:
        await one_life(desk, "W")
        await news.stop()
    assert news.early == []


async def test_an_agent_is_told_of_his_own_sessions_only(desk: Company) -> None:
    async with desk.agent_api("b").subscribe(EVENTS) as news:
        await one_life(desk, "W")
        own = await desk.receive("V", "你好", agentUsername="b")
        [payload] = await told(news, 1)
    assert payload["event"]["session"]["id"] == own


async def test_who_has_stopped_is_told_nothing_more(desk: Company) -> None:
    async with desk.partner.subscribe(EVENTS) as news:
        await news.stop()
        await one_life(desk)
        await news.stop()
    assert news.early == []


async def test_a_queue_tells_who_joins_it(desk: Company) -> None:
    async with desk.partner.subscribe(QUEUE, group=desk.groups["G3"]) as news:
        await desk.write("V", queueName="G3")
        await desk.write("W", queueName="G3")
        payload = await until(news, "queueChanged", lambda payload: payload["queue"]["waiting"] == 2)
    assert payload["queue"]["skillGroup"] == {"name": "G3"}


async def test_a_queue_tells_who_leaves_it(desk: Company) -> None:
    waiting = await desk.write("V", queueName="G3")
    async with desk.partner.subscribe(QUEUE, group=desk.groups["G3"]) as news:
        await desk.close(waiting["id"])
        payload = await until(news, "queueChanged", lambda _: True)
    assert payload["queue"]["waiting"] == 0


async def test_a_queue_says_nothing_of_other_queues(desk: Company) -> None:
    async with desk.partner.subscribe(QUEUE, group=desk.groups["G3"]) as news:
        await desk.write("V", queueName="G1")
        await desk.write("W", queueName="G3")
        payload = await until(news, "queueChanged", lambda _: True)
    assert payload["queue"]["skillGroup"] == {"name": "G3"}


async def test_a_queue_is_resumed_behind_a_cursor(desk: Company) -> None:
    async with desk.partner.subscribe(QUEUE, group=desk.groups["G3"]) as news:
        await desk.write("V", queueName="G3")
        cursor = (await until(news, "queueChanged", lambda _: True))["cursor"]
    await desk.write("W", queueName="G3")
    async with desk.partner.subscribe(QUEUE, group=desk.groups["G3"], after=cursor) as resumed:
        payload = await until(resumed, "queueChanged", lambda _: True)
    assert payload["queue"]["waiting"] == 2


async def test_an_agent_sees_the_queues_of_his_groups_only(desk: Company) -> None:
    async with desk.agent_api("a").subscribe(QUEUE) as news:
        await desk.write("V", queueName="G2")
        await desk.write("W", queueName="G1")
        payload = await until(news, "queueChanged", lambda _: True)
    assert payload["queue"]["skillGroup"] == {"name": "G1"}


async def test_an_agents_change_is_told(desk: Company) -> None:
    async with desk.partner.subscribe(AGENT, name="a") as news:
        await desk.turn("b", BUSY)
        await desk.turn("a", BUSY)
        payload = await until(news, "agentChanged", lambda _: True)
    assert payload["agent"] == {"userName": "a", "status": "BUSY"}


FORBIDDEN: dict[str, tuple[Role, str]] = {
    "a visitor and queues": (Role.VISITOR, "subscription { queueChanged { cursor } }"),
    "a visitor and agents": (Role.VISITOR, "subscription { agentChanged { cursor } }"),
    "an agent and another agent": (Role.AGENT, 'subscription { agentChanged(userName: "b") { cursor } }'),
}


@pytest.mark.parametrize(("role", "query"), FORBIDDEN.values(), ids=FORBIDDEN)
async def test_what_a_role_may_not_follow_is_forbidden(desk: Company, role: Role, query: str) -> None:
    api = desk.visitor_api("V") if role is Role.VISITOR else desk.agent_api("a")
    async with api.subscribe(query) as news:
        assert (await news.failure())["extensions"]["code"] == "FORBIDDEN"


async def test_an_agent_does_not_follow_the_queue_of_another_group(desk: Company) -> None:
    async with desk.agent_api("a").subscribe(QUEUE, group=desk.groups["G2"]) as news:
        assert (await news.failure())["extensions"]["code"] == "FORBIDDEN"
