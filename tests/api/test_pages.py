"""Pages of lists: walked forwards or backwards, everything once and in order; a cursor of elsewhere is refused."""

from typing import Any

import pytest

from api.company import Company
from api.graphql_client import Api
from api.stage import Stage

LISTS = {
    "sessions": "sessions({page}) {{ {connection} }}",
    "skillGroups": "skillGroups({page}) {{ {connection} }}",
    "agents": "agents({page}) {{ {connection} }}",
    "bindings": "bindings({page}) {{ {connection} }}",
}
OF_A_SESSION = {
    "messages": "session(id: $id) {{ messages({page}) {{ {connection} }} }}",
    "events": "session(id: $id) {{ events({page}) {{ {connection} }} }}",
}
CONNECTION = "nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
BEYOND = 40


async def page(api: Api, query: str, arguments: str, session_id: str) -> dict[str, Any]:
    asked = query.format(page=arguments, connection=CONNECTION)
    declared = "($id: ID!)" if "$id" in asked else ""
    data: Any = await api.ask(f"query{declared} {{ {asked} }}", **({"id": session_id} if declared else {}))
    while "pageInfo" not in data:
        [data] = data.values()
    found: dict[str, Any] = data
    return found


async def walk(api: Api, query: str, session_id: str, *, size: int, backwards: bool = False) -> list[str]:
    """All ids in the order of the list, page by page."""
    ids: list[str] = []
    way, cursor_is, more, place = ("last", "before", "hasPreviousPage", "startCursor") if backwards else (
        "first", "after", "hasNextPage", "endCursor"
    )  # fmt: skip
    cursor = ""
    for _ in range(BEYOND):
        here = f', {cursor_is}: "{cursor}"' if cursor else ""
        found = await page(api, query, f"{way}: {size}{here}", session_id)
        page_ids = [each["id"] for each in found["nodes"]]
        ids = page_ids + ids if backwards else ids + page_ids
        if not found["pageInfo"][more]:
            return ids
        cursor = found["pageInfo"][place]
    raise AssertionError("the list has no end")


@pytest.fixture
async def long(stage: Stage) -> Stage:
    """Seven or more of everything."""
    company = stage.company
    for number in range(7):
        await company.receive(f"v{number}", "hello")
        await company.receive("V", f"message {number}")
        await company.bind(f"F{number}", "V", "a")
        await company.group(f"G{number + 10}")
        await company.agent(f"agent{number}", "G2")
    return stage


EVERY_LIST = LISTS | OF_A_SESSION
BOTH_WAYS = {name: EVERY_LIST[name] for name in ("sessions", "messages")}


@pytest.mark.parametrize("query", EVERY_LIST.values(), ids=EVERY_LIST)
async def test_pages_of_two_hold_what_one_page_holds(long: Stage, query: str) -> None:
    api = long.company.partner
    whole = [each["id"] for each in (await page(api, query, "first: 100", long.own))["nodes"]]
    assert len(whole) >= 7
    assert await walk(api, query, long.own, size=2) == whole


@pytest.mark.parametrize("query", BOTH_WAYS.values(), ids=BOTH_WAYS)
async def test_walking_backwards_finds_the_same(long: Stage, query: str) -> None:
    api = long.company.partner
    assert await walk(api, query, long.own, size=3, backwards=True) == await walk(api, query, long.own, size=100)


@pytest.mark.parametrize("query", EVERY_LIST.values(), ids=EVERY_LIST)
async def test_nodes_are_the_nodes_of_the_edges(long: Stage, query: str) -> None:
    found = await page(long.company.partner, query, "first: 5", long.own)
    assert found["nodes"] == [edge["node"] for edge in found["edges"]]


@pytest.mark.parametrize("query", EVERY_LIST.values(), ids=EVERY_LIST)
async def test_twenty_come_unless_asked_otherwise(stage: Stage, query: str) -> None:
    company = stage.company
    for number in range(20):
        await company.receive(f"v{number}", "hello")
        await company.receive("V", f"message {number}")
        await company.bind(f"F{number}", "V", "a")
        await company.group(f"G{number + 10}")
        await company.agent(f"agent{number}", "G2")
    assert len((await page(company.partner, query, "first: null", stage.own))["nodes"]) == 20


async def test_sessions_come_newest_first(company: Company) -> None:
    ids = [await company.receive(f"v{number}", "hello") for number in range(4)]
    listed = (await company.partner.ask("{ sessions { nodes { id startedAt } } }"))["sessions"]["nodes"]
    assert {each["id"] for each in listed} == set(ids)
    assert [each["startedAt"] for each in listed] == sorted((each["startedAt"] for each in listed), reverse=True)


async def test_messages_come_oldest_first(company: Company) -> None:
    [session_id] = {await company.receive("V", f"message {number}") for number in range(4)}
    asked = "query($id: ID!) { session(id: $id) { messages(last: 2) { nodes { text } } } }"
    found = (await company.partner.ask(asked, id=session_id))["session"]["messages"]["nodes"]
    assert [each["text"] for each in found] == ["message 2", "message 3"]


@pytest.mark.parametrize("cursor", ["garbage", "!!!", "Zm9v"])
@pytest.mark.parametrize("query", EVERY_LIST.values(), ids=EVERY_LIST)
async def test_what_is_no_cursor_of_the_list_is_bad_input(stage: Stage, query: str, cursor: str) -> None:
    asked = query.format(page=f'after: "{cursor}"', connection="nodes { id }")
    declared, given = ("($id: ID!)", {"id": stage.own}) if "$id" in asked else ("", {})
    answer = await stage.company.partner.answer(f"query{declared} {{ {asked} }}", **given)
    assert [each["extensions"]["code"] for each in answer.errors] == ["BAD_USER_INPUT"]


NESTED = {
    "decisions": "session(id: $id) { decisions(after: $c) { nodes { trigger } } }",
    "candidates": "session(id: $id) { decision { candidates(after: $c) { nodes { rank } } } }",
    "visitor's sessions": "session(id: $id) { visitor { sessions(after: $c) { nodes { id } } } }",
    "visitor's bindings": "session(id: $id) { visitor { bindings(after: $c) { nodes { id } } } }",
    "agent's sessions": "session(id: $id) { agent { sessions(after: $c) { nodes { id } } } }",
    "agent's line": "session(id: $id) { agent { waiting { sessions(after: $c) { nodes { id } } } } }",
}


@pytest.mark.parametrize("cursor", ["garbage", "Zm9v"])
@pytest.mark.parametrize("query", NESTED.values(), ids=NESTED)
async def test_what_is_no_cursor_is_bad_input_deeper_down_too(stage: Stage, query: str, cursor: str) -> None:
    answer = await stage.company.partner.answer(f"query($id: ID!, $c: String) {{ {query} }}", id=stage.own, c=cursor)
    assert [each["extensions"]["code"] for each in answer.errors] == ["BAD_USER_INPUT"]
