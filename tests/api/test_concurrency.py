"""Many at once, over real connections: nobody lost, nobody twice, no slot left idle."""

import asyncio
from typing import Any

import pytest

from api.company import AWAY, ONLINE, SESSION, Company

CROWD, ROOM = 50, 5


async def arrive(company: Company, count: int = CROWD) -> list[dict[str, Any]]:
    """So many visitors write at once; then their sessions, as they are when all have been answered."""
    await asyncio.gather(*(company.write(f"v{n:02d}", queueName="busy") for n in range(count)))
    listed = await company.partner.ask(f"{{ sessions(first: 100) {{ nodes {{ {SESSION} }} }} }}")
    sessions: list[dict[str, Any]] = listed["sessions"]["nodes"]
    return sessions


def waiting_in_order(sessions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    waiting = [each for each in sessions if each["state"] == "WAITING"]
    return sorted(waiting, key=lambda session: int(session["queuePosition"]))


@pytest.fixture
async def desk(company: Company) -> Company:
    """One agent with room for five."""
    await company.group("busy")
    await company.agent("e", "busy", max_sessions=ROOM)
    return company


async def test_of_fifty_at_once_exactly_five_are_assigned(desk: Company) -> None:
    states = [each["state"] for each in await arrive(desk)]
    assert (states.count("ACTIVE"), states.count("WAITING")) == (ROOM, CROWD - ROOM)


async def test_the_other_forty_five_stand_in_the_order_of_their_start(desk: Company) -> None:
    waiting = waiting_in_order(await arrive(desk))
    assert [each["queuePosition"] for each in waiting] == list(range(1, CROWD - ROOM + 1))
    starts = [each["startedAt"] for each in waiting]
    assert starts == sorted(starts)


async def test_five_closed_in_parallel_hand_on_to_the_first_five_in_line(desk: Company) -> None:
    sessions = await arrive(desk)
    active = [each["id"] for each in sessions if each["state"] == "ACTIVE"]
    handed_on = await asyncio.gather(*(desk.close(each) for each in active))
    first = waiting_in_order(sessions)[:ROOM]
    assert {each for assigned in handed_on for each in assigned} == {each["id"] for each in first}


async def test_five_closed_in_parallel_leave_no_slot_idle(desk: Company) -> None:
    sessions = await arrive(desk)
    await asyncio.gather(*(desk.close(each["id"]) for each in sessions if each["state"] == "ACTIVE"))
    agent = (await desk.partner.ask('{ agent(userName: "e") { activeSessions room } }'))["agent"]
    assert agent == {"activeSessions": ROOM, "room": 0}


async def test_closing_in_parallel_until_all_are_served_serves_everybody_once(desk: Company) -> None:
    sessions = await arrive(desk, 20)
    active, served = [each["id"] for each in sessions if each["state"] == "ACTIVE"], list[str]()
    for _ in range(4):
        served.extend(active)
        active = [each for assigned in await asyncio.gather(*map(desk.close, active)) for each in assigned]
    assert sorted(served) == sorted(each["id"] for each in sessions)


async def write_at_once(company: Company, count: int, **given: Any) -> list[dict[str, Any]]:
    result = "session { id } message { id } isDuplicate"
    return await asyncio.gather(
        *(
            company.partner.do("messageIngest", result, visitorUserName="new", text=f"message {n}", **given)
            for n in range(count)
        )
    )


async def test_thirty_two_messages_of_a_new_visitor_open_one_session(desk: Company) -> None:
    written = await write_at_once(desk, 32)
    assert len({each["session"]["id"] for each in written}) == 1


async def test_each_of_thirty_two_messages_at_once_is_in_the_session_once(desk: Company) -> None:
    session_id = (await write_at_once(desk, 32))[0]["session"]["id"]
    query = "query($id: ID!) { session(id: $id) { messages(first: 100) { nodes { text } } } }"
    messages = (await desk.partner.ask(query, id=session_id))["session"]["messages"]["nodes"]
    assert sorted(each["text"] for each in messages) == sorted(f"message {n}" for n in range(32))


async def test_the_same_client_message_id_ten_times_at_once_is_one_message(desk: Company) -> None:
    written = await write_at_once(desk, 10, clientMessageId="m1")
    assert len({each["message"]["id"] for each in written}) == 1


async def test_nine_of_ten_with_the_same_client_message_id_are_called_duplicates(desk: Company) -> None:
    written = await write_at_once(desk, 10, clientMessageId="m1")
    assert sum(each["isDuplicate"] for each in written) == 9


async def test_fifty_requests_of_one_agent_at_once_are_all_answered(desk: Company) -> None:
    """His first ones: each of them would start his lease."""
    api = desk.agent_api("e")
    answers = await asyncio.gather(*(api.answer("{ viewer { role } }") for _ in range(CROWD)))
    assert [each.status for each in answers] == [200] * CROWD


async def test_of_ten_bindings_at_once_one_is_made(desk: Company) -> None:
    given = {"businessFlag": "F", "visitorUserName": "V", "agentUserName": "e"}
    made = await asyncio.gather(*(desk.partner.mutate("bindingCreate", **given) for _ in range(10)))
    codes = [error["code"] for each in made for error in each["userErrors"]]
    assert codes == ["BINDING_EXISTS"] * 9


async def test_of_ten_closings_at_once_one_closes(desk: Company) -> None:
    session = await desk.write("V", queueName="busy")
    closed = await asyncio.gather(*(desk.partner.mutate("sessionClose", sessionId=session["id"]) for _ in range(10)))
    codes = [error["code"] for each in closed for error in each["userErrors"]]
    assert codes == ["SESSION_CLOSED"] * 9


async def test_transfers_to_the_last_free_slot_at_once_fill_it_once(desk: Company) -> None:
    await desk.agent("one", "busy", max_sessions=1, status=AWAY)
    sessions = await arrive(desk, ROOM)
    await desk.turn("one", ONLINE)
    moved = await asyncio.gather(
        *(desk.partner.mutate("sessionTransfer", sessionId=each["id"], toAgent="one") for each in sessions)
    )
    codes = [error["code"] for each in moved for error in each["userErrors"]]
    assert codes == ["AGENT_FULL"] * (ROOM - 1)
