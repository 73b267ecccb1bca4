"""A subscription cut behind any event goes on with the next one: nothing lost, nothing skipped in silence."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from api.company import BUSY, OFFLINE, ONLINE, Company, found_company
from api.graphql_client import Api, calling
from api.serving import Server, serving
from kefu.api.node_ids import encode_id, ref_parts, session_id
from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import close_session
from kefu.desk.desk import Desk
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.tenants import create_tenant
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.refusals import Refusal
from kefu.domain.session_ref import SessionRef
from kefu.feed.cursors import Cursor, CursorUnknown
from kefu.feed.following import SessionNews, follow_sessions
from kefu.store.memory import MemoryStore
from kefu.store.port import CHANGES_KEPT_MS, Store
from kefu.store.sqlite import SqliteStore
from kefu.testing.clocks import ManualClock

HISTORIES = 100
HISTORIES_IN_MEMORY = 80
STEPS = 6
CUT_ON_THE_WIRE = 2
TENANT = "1"
PATIENCE_S = 20
EVENTS = """subscription($after: String) {
  sessionEvents(after: $after) { cursor event { id seq session { id } } } }"""


@dataclass(frozen=True, slots=True)
class Told:
    """One event as a subscriber gets it."""

    event: str
    session: str
    seq: int
    cursor: str

    @classmethod
    def read(cls, payload: dict[str, Any]) -> "Told":
        event = payload["event"]
        return cls(event["id"], event["session"]["id"], event["seq"], payload["cursor"])

    @classmethod
    def of(cls, news: SessionNews, tenant: str) -> "Told":
        ref, seq = news.record.ref, news.entry.seq
        event = encode_id("SessionEvent", tenant, *ref_parts(ref), str(seq))
        return cls(event, session_id(tenant, ref), seq, news.cursor)


@dataclass(slots=True)
class Conversations:
    """A random history: visitors write, agents answer, come and go, hand on, close."""

    company: Company
    random: Random
    sessions: list[SessionRef] = field(default_factory=list)

    async def play(self) -> None:
        await self.company.group("G")
        for name in ("a", "b"):
            await self.company.agent(name, "G", max_sessions=self.random.choice((1, 2)))
        visitors = ("V", "W", "X")[: self.random.choice((2, 3))]
        await self._writes(visitors)
        for _ in range(STEPS):
            act = self.random.choice((self._writes, self._answers, self._turns, self._transfers, self._closes))
            await act(visitors)
        await self._writes(("last",))

    async def _writes(self, visitors: tuple[str, ...]) -> None:
        message = IncomingMessage(visitor=self.random.choice(visitors), text="你好")
        written = await self.company.at_desk(ingest_message, message)
        self.sessions.append(written.session)

    async def _answers(self, _: tuple[str, ...]) -> None:
        outgoing = OutgoingMessage(session=self.random.choice(self.sessions), text="您好")
        await unless_refused(self.company.at_desk(send_message, outgoing))

    async def _turns(self, _: tuple[str, ...]) -> None:
        await self.company.turn(self.random.choice(("a", "b")), self.random.choice((ONLINE, ONLINE, BUSY, OFFLINE)))

    async def _transfers(self, _: tuple[str, ...]) -> None:
        agent, group = self.random.choice(("a", "b")), self.company.group_ids["G"]
        target = self.random.choice((TransferTarget(agent=agent, force=True), TransferTarget(skill_group=group)))
        session = self.random.choice(self.sessions)
        await unless_refused(self.company.at_desk(transfer_session, session, target))

    async def _closes(self, _: tuple[str, ...]) -> None:
        await unless_refused(self.company.at_desk(close_session, self.random.choice(self.sessions)))


async def unless_refused(work: Awaitable[object]) -> None:
    """By dice one asks what cannot be: a closed session answered, one handed to who has it."""
    try:
        await work
    except Refusal:
        return


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[Store]:
    store = await SqliteStore.open(file)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(server.url) as http:
        yield http


async def told_on_the_wire(api: Api, after: str, count: int) -> list[Told]:
    """The next events over a socket, which then breaks without a word."""
    async with api.subscribe(EVENTS, after=after) as news:
        told = [Told.read((await news.next())["sessionEvents"]) for _ in range(count)]
        news.socket.connection.transport.abort()
    return told


async def told_until(store: Store, tenant: str, after: str, last: Told) -> list[Told]:
    told: list[Told] = []
    async with asyncio.timeout(PATIENCE_S), aclosing(follow_sessions(store, tenant, after, lambda _: True)) as news:
        async for each in news:
            told.append(Told.of(each, tenant))
            if told[-1].event == last.event:
                break
    return told


async def resumed_everywhere(store: Store, tenant: str, history: list[Told]) -> list[list[Told]]:
    return [await told_until(store, tenant, cut.cursor, history[-1]) for cut in history[:-1]]


async def reopened_everywhere(file: Path, tenant: str, history: list[Told]) -> list[list[Told]]:
    """For each cut the file is opened anew."""
    rests: list[list[Told]] = []
    for cut in history[:-1]:
        async with opened(file) as store:
            rests.append(await told_until(store, tenant, cut.cursor, history[-1]))
    return rests


async def played(company: Company, random: Random) -> list[Told]:
    """A random history as it is told over a socket: each session's log, whole and in order."""
    start = Cursor(await company.position()).encode()
    await Conversations(company, random).play()
    ledger = await company.check_laws()
    history = await told_on_the_wire(company.partner, start, sum(map(len, ledger.logs.values())))
    for session, entries in ledger.logs.items():
        whose = session_id(company.tenant, ledger.sessions[session].value.session.ref)
        assert [each.seq for each in history if each.session == whose] == [entry.seq for entry in entries]
    return history


def cut_twice(history: list[Told], random: Random) -> list[tuple[int, int]]:
    """Where a subscriber loses his socket, and loses the next one."""
    cuts = random.sample(range(len(history) - 2), CUT_ON_THE_WIRE)
    return [(cut, random.randrange(cut + 2, len(history))) for cut in cuts]


async def told_between(api: Api, history: list[Told], cuts: list[tuple[int, int]]) -> list[list[Told]]:
    return [await told_on_the_wire(api, history[cut].cursor, again - cut - 1) for cut, again in cuts]


async def told_behind(api: Api, between: list[list[Told]], cuts: list[tuple[int, int]], end: int) -> list[list[Told]]:
    """Each from where he lost his second socket to the end of the history."""
    told = zip(between, cuts, strict=True)
    return [[*before, *await told_on_the_wire(api, before[-1].cursor, end - again)] for before, (_, again) in told]


@pytest.mark.parametrize("seed", range(HISTORIES_IN_MEMORY))
async def test_cut_at_any_event_the_exact_rest_follows(server: Server, http: httpx.AsyncClient, seed: int) -> None:
    random, company = Random(seed), await found_company(server, http)
    history = await played(company, random)
    rests = await server.inside(resumed_everywhere(server.desk.store, company.tenant, history))
    assert rests == [history[cut + 1 :] for cut in range(len(history) - 1)]


@pytest.mark.parametrize("seed", range(HISTORIES_IN_MEMORY))
async def test_cut_twice_on_the_wire_the_exact_rest_follows(server: Server, http: httpx.AsyncClient, seed: int) -> None:
    random, company = Random(seed), await found_company(server, http)
    history = await played(company, random)
    cuts = cut_twice(history, random)
    between = await told_between(company.partner, history, cuts)
    told = await told_behind(company.partner, between, cuts, len(history))
    assert told == [history[cut + 1 :] for cut, _ in cuts]


@pytest.mark.parametrize("seed", range(HISTORIES_IN_MEMORY, HISTORIES))
async def test_cut_at_any_event_the_exact_rest_follows_from_the_file_opened_again(tmp_path: Path, seed: int) -> None:
    random, file = Random(seed), tmp_path / "kefu.db"
    with serving(open_store=partial(opened, file)) as server:
        async with calling(server.url) as http:
            company = await found_company(server, http)
            history = await played(company, random)
    rests = await reopened_everywhere(file, company.tenant, history)
    assert rests == [history[cut + 1 :] for cut in range(len(history) - 1)]


@pytest.mark.parametrize("seed", range(HISTORIES_IN_MEMORY, HISTORIES))
async def test_cut_on_the_wire_the_exact_rest_follows_from_another_process(tmp_path: Path, seed: int) -> None:
    random, file = Random(seed), tmp_path / "kefu.db"
    with serving(open_store=partial(opened, file)) as server:
        async with calling(server.url) as http:
            company = await found_company(server, http)
            history = await played(company, random)
            cuts = cut_twice(history, random)
            between = await told_between(company.partner, history, cuts)
    with serving(open_store=partial(opened, file)) as restarted:
        async with calling(restarted.url) as http:
            partner = Api(http, restarted.token(company.tenant, Role.PARTNER, company.credentials.client_id))
            told = await told_behind(partner, between, cuts, len(history))
    assert told == [history[cut + 1 :] for cut, _ in cuts]


OTHERS_CURSORS = {
    "empty": "",
    "no base64": "a cursor",
    "no JSON": "AAAA",
    "other JSON": "eyJhIjoxfQ",
    "no Unicode": "\ud800",
    "of a memory store of another time": Cursor("1-1").encode(),
    "of a SQLite file of the first version": Cursor("1").encode(),
    "of another SQLite file": Cursor("0123456789abcdef-1").encode(),
    "no number": Cursor("x").encode(),
    "below zero": Cursor("-1").encode(),
    "yet to come": Cursor("999999999999").encode(),
}


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opened: Store = MemoryStore() if request.param == "memory" else await SqliteStore.open(tmp_path / "kefu.db")
    await a_message(opened, at=0)
    yield opened
    await opened.close()


async def a_message(store: Store, *, at: int, clock: ManualClock | None = None) -> None:
    """One more event at least; the first makes the tenant."""
    desk = Desk(store=store) if clock is None else Desk(store=store, clock=clock)
    if at == 0:
        await create_tenant(desk, TENANT, "Shop")
    by = Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm")
    await ingest_message(desk, Call(by=by), IncomingMessage(visitor="V", text=f"message {at}"))


def following(store: Store, after: str) -> AsyncGenerator[SessionNews, None]:
    return follow_sessions(store, TENANT, after, lambda _: True)


async def told_before_refusal(news: AsyncGenerator[SessionNews, None]) -> list[int]:
    """The numbers of the events that came before it was said that the rest is gone."""
    told: list[int] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for each in news:
                told.append(each.entry.seq)  # noqa: PERF401  a comprehension would lose them to the refusal
    except CursorUnknown:
        return told
    raise AssertionError(f"it ended without a word behind {told}")


@pytest.mark.parametrize("name", OTHERS_CURSORS)
async def test_a_cursor_of_nowhere_is_refused(store: Store, name: str) -> None:
    async with asyncio.timeout(PATIENCE_S), aclosing(following(store, OTHERS_CURSORS[name])) as news:
        with pytest.raises(CursorUnknown):
            await anext(news)


@pytest.mark.parametrize("name", [name for name in OTHERS_CURSORS if name != "no Unicode"])
async def test_a_cursor_of_nowhere_is_told_to_be_expired(server: Server, http: httpx.AsyncClient, name: str) -> None:
    company = await found_company(server, http)
    async with company.partner.subscribe(EVENTS, after=OTHERS_CURSORS[name]) as news:
        assert (await news.failure())["extensions"]["code"] == "CURSOR_EXPIRED"


async def test_who_reads_too_slowly_is_told_and_not_led_past_the_gap() -> None:
    store = MemoryStore(changes_max=20)
    start = Cursor(await store.position()).encode()
    await a_message(store, at=0)
    async with aclosing(following(store, start)) as news:
        assert (await anext(news)).entry.seq == 1
        for at in range(1, 20):
            await a_message(store, at=at)
        told = await told_before_refusal(news)
    assert told == list(range(2, 2 + len(told)))
    assert len(told) < 5


async def test_a_position_that_sqlite_has_trimmed_is_refused(tmp_path: Path) -> None:
    clock = ManualClock()
    store = await SqliteStore.open(tmp_path / "kefu.db", clock.now)
    start = Cursor(await store.position()).encode()
    await a_message(store, at=0, clock=clock)
    clock.advance(CHANGES_KEPT_MS + 1)
    for at in range(1, 4):
        await a_message(store, at=at, clock=clock)
    async with aclosing(following(store, start)) as news:
        with pytest.raises(CursorUnknown):
            await anext(news)
    await store.close()


async def test_a_trimmed_position_is_told_over_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.serving.MemoryStore", partial(MemoryStore, changes_max=20))
    with serving() as small:
        async with calling(small.url) as http:
            company = await found_company(small, http)
            start = Cursor(await company.position()).encode()
            for at in range(20):
                await company.receive("V", f"message {at}")
            async with company.partner.subscribe(EVENTS, after=start) as news:
                assert (await news.failure())["extensions"]["code"] == "CURSOR_EXPIRED"
