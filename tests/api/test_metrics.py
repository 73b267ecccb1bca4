"""`/metrics`: off unless there is a token for it, and never by a tenant's."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import httpx
import pytest

from api.company import AWAY, Company, found_company
from api.graphql_client import calling
from api.serving import QUIET, Server, serving
from kefu.bootstrap import NO_METRICS

TOKEN = "a token of the tests, long enough to keep"
LINE = re.compile(r'(# (HELP|TYPE) \w+ .+)|(\w+(\{(\w+="([^"\\]|\\.)*",?)+\})? [0-9.e+-]+)')


@pytest.fixture(scope="module")
def metered() -> Iterator[Server]:
    with serving(replace(QUIET, metrics_token=TOKEN)) as server:
        yield server


@pytest.fixture
async def http(metered: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(metered.url, metered.socket_url) as http:
        yield http


@pytest.fixture
async def shop(metered: Server, http: httpx.AsyncClient) -> Company:
    company = await found_company(metered, http)
    await company.group('售"前')
    await company.agent("a", '售"前', max_sessions=2)
    await company.agent("b", status=AWAY)
    return company


async def ask(http: httpx.AsyncClient, token: str = TOKEN, **query: str) -> httpx.Response:
    return await http.get("/metrics", headers={"authorization": f"Bearer {token}"}, params=query)


async def counted(http: httpx.AsyncClient, **query: str) -> dict[str, float]:
    text = (await ask(http, **query)).raise_for_status().text
    samples = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in samples}


async def test_every_line_is_prometheus_text(http: httpx.AsyncClient, shop: Company) -> None:
    for query in ({}, {"tenant": shop.tenant}):
        answer = await ask(http, **query)
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert [line for line in answer.text.splitlines() if not LINE.fullmatch(line)] == []


async def test_what_was_opened_and_how_it_was_closed_is_counted(http: httpx.AsyncClient, shop: Company) -> None:
    before = await counted(http)
    await shop.close((await shop.write("V"))["id"])
    await shop.write("W")
    after = await counted(http)
    grown = {
        kind: after[name] - before.get(name, 0)
        for kind in ("SESSION_BEGIN", "AGENT_END", "SESSION_END")
        if (name := f'kefu_session_events_total{{kind="{kind}"}}')
    }
    assert grown == {"SESSION_BEGIN": 2, "AGENT_END": 1, "SESSION_END": 1}
    assert after['kefu_commits_total{outcome="done"}'] >= before['kefu_commits_total{outcome="done"}'] + 3


async def test_a_subscription_is_counted_while_it_is_open(http: httpx.AsyncClient, shop: Company) -> None:
    before = (await counted(http))["kefu_changes_followers"]
    async with shop.partner.subscribe("subscription { queueChanged { cursor } }"):
        for _ in range(1_000):  # it begins to follow right behind the moment from which on it is told
            if (now := (await counted(http))["kefu_changes_followers"]) == before + 1:
                break
        assert now == before + 1


async def test_requests_are_counted_by_their_door(http: httpx.AsyncClient) -> None:
    name = 'kefu_http_request_duration_seconds_count{door="other"}'
    before = (await counted(http)).get(name, 0)
    await http.get("/healthz")
    after = await counted(http)
    assert after[name] == before + 2  # the first look at the metrics counts too
    assert after['kefu_http_request_duration_seconds_bucket{door="other",le="+Inf"}'] == after[name]


async def test_a_tenants_live_figures_are_those_of_its_queues(http: httpx.AsyncClient, shop: Company) -> None:
    for visitor in "VWXY":
        await shop.write(visitor, queueName='售"前')
    await shop.write("Z")
    assert await counted(http, tenant=shop.tenant) == {
        r'kefu_waiting{group="售\"前"}': 2,
        'kefu_waiting{group="default"}': 1,
        'kefu_agents{status="ONLINE"}': 1,
        'kefu_agents{status="AWAY"}': 1,
        'kefu_agents{status="BUSY"}': 0,
        'kefu_agents{status="HIDDEN"}': 0,
        'kefu_agents{status="OFFLINE"}': 0,
        "kefu_free_slots": 0,
        "kefu_sessions_held": 2,
    }


async def test_without_a_tenant_named_nothing_of_one_is_told(http: httpx.AsyncClient, shop: Company) -> None:
    await shop.write("V", queueName='售"前')
    told = (await ask(http)).text
    assert [each for each in (shop.tenant, "售", "group", "agent=") if f'"{each}' in told or f"{each}=" in told] == []


async def test_an_unknown_tenant_is_not_found(http: httpx.AsyncClient) -> None:
    assert (await ask(http, tenant="nobody")).status_code == 404


async def test_no_tenants_token_opens_the_metrics(http: httpx.AsyncClient, shop: Company) -> None:
    for token in ("x", "nonsense", shop.partner.token or "", shop.supervisor("boss").token or "", TOKEN[:-1]):
        answer = await ask(http, token, tenant=shop.tenant)
        assert (answer.status_code, "kefu_" in answer.text) == (401, False)


async def test_without_a_token_set_there_are_no_metrics_and_the_answer_says_why(server: Server) -> None:
    async with calling(server.url, server.socket_url) as http:
        answer = await ask(http)
    assert (answer.status_code, answer.text) == (404, NO_METRICS)
