"""`kefu serve` on a file, killed twenty times under load: what was acknowledged stays, and subscribers miss nothing."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
import websockets

from api.graphql_client import Api, calling
from kefu.api.node_ids import session_id
from kefu.desk.bearer_tokens import sign
from kefu.desk.call import Call, Caller, Role
from kefu.desk.clock import SystemClock
from kefu.desk.desk import Desk
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.sweep import sweep
from kefu.desk.tenants import create_tenant
from kefu.domain.agent import AgentStatus
from kefu.domain.instants import HOUR
from kefu.feed.cursors import Cursor
from kefu.store.sqlite import SqliteStore
from kefu.testing.laws import check_laws
from kefu.testing.ledger import Ledger

SECRET = "a secret of the tests, long enough to sign with"
TENANT = "1"
PARTNER = Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm")
AGENTS = ("a", "b", "c")
KILLS = 20
WRITERS = 5
ANSWERS_UNTIL_KILL_MAX = 16
TRIES_MAX = 3 * KILLS
CONNECTS_MAX = 600
PORTS_MAX = 100
PATIENCE_S = 30
EVENTS = """subscription($after: String) {
  sessionEvents(after: $after) { cursor event { id seq session { id } } } }"""
COMMAND = [sys.executable, "-c", "from kefu.cli import main; main()"]


@dataclass(slots=True)
class Host:
    """A server process that may die at any time, and comes back at the same address."""

    folder: Path
    port: int
    is_up: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """From readiness on, until it is killed: it never gets the time to tidy up."""
        with (self.folder / "errors.txt").open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *COMMAND, "serve", "--port", str(self.port), "--store", "sqlite:kefu.db",
                cwd=self.folder,
                env={"KEFU_SECRET": SECRET, "KEFU_LOG_LEVEL": "ERROR"},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors,
            )  # fmt: skip
        try:
            await self._ready(process)
            self.is_up.set()
            yield
            assert process.returncode is None, f"it ended by itself: {self.errors()}"
        finally:
            self.is_up.clear()
            if process.returncode is None:
                process.kill()
            await process.wait()

    def errors(self) -> str:
        return (self.folder / "errors.txt").read_text(encoding="utf-8")

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        for _ in range(CONNECTS_MAX):
            assert process.returncode is None, f"it did not start: {self.errors()}"
            try:
                async with asyncio.timeout(1):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(0.05)  # until the next attempt
                continue
            writer.close()
            await writer.wait_closed()
            return
        raise AssertionError(f"nobody listens after {CONNECTS_MAX} attempts: {self.errors()}")


@dataclass(slots=True)
class Load:
    """Clients who repeat a request, with the same ids, until it is answered."""

    host: Host
    api: Api
    random: Random
    is_over: bool = False
    answers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    """One for each answer since the server started."""
    acknowledged: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By client message id: the visitor, and the session it was said to be in."""

    async def write(self, name: str) -> None:
        """Two visitors of one client, each a message at a time; now and then a conversation is closed."""
        for number in count():
            if self.is_over:
                return
            visitor, message_id = f"{name}-{self.random.randrange(2)}", f"{name}/{number}"
            given = {"visitorUserName": visitor, "clientMessageId": message_id, "text": "你好"}
            written = await self._answered("messageIngest", "session { id }", **given)
            session = written["session"]["id"]
            self.acknowledged[message_id] = (visitor, session)
            if self.random.random() < 0.3:
                key = f"close {message_id}"
                await self._answered("sessionClose", "session { id }", sessionId=session, clientMutationKey=key)

    async def turn_statuses(self) -> None:
        for number in count():
            if self.is_over:
                return
            name, status = self.random.choice(AGENTS), self.random.choice(("ONLINE", "ONLINE", "BUSY", "OFFLINE"))
            given = {"userName": name, "status": status, "clientMutationKey": f"turn {number}"}
            await self._answered("agentStatusSet", "agent { userName }", **given)

    async def _answered(self, mutation: str, result: str, **given: Any) -> dict[str, Any]:
        for _ in range(TRIES_MAX):
            await self.host.is_up.wait()
            try:
                payload = await self.api.mutate(mutation, result, **given)
            except httpx.TransportError:
                continue
            self.answers.release()
            if not payload["userErrors"]:
                return payload
            assert [each["code"] for each in payload["userErrors"]] == ["BUSY"], (given, payload)
        raise AssertionError(f"{mutation} {given} was not answered in {TRIES_MAX} tries")


@dataclass(slots=True)
class Follower:
    """Who follows all sessions and resumes behind the last cursor he was told."""

    host: Host
    api: Api
    cursor: str
    told: dict[str, list[str]] = field(default_factory=dict)
    """Event ids by session, in order."""
    resumed: int = 0

    async def follow(self, is_enough: Callable[[], bool]) -> None:
        while not is_enough():
            await self.host.is_up.wait()
            try:
                await self._listen(is_enough)
            except (OSError, websockets.WebSocketException):
                self.resumed += 1

    async def _listen(self, is_enough: Callable[[], bool]) -> None:
        async with self.api.subscribe(EVENTS, after=self.cursor) as news:
            while not is_enough():
                payload = (await news.next())["sessionEvents"]
                self._take(**payload["event"])
                self.cursor = payload["cursor"]

    def _take(self, *, id: str, seq: int, session: dict[str, str]) -> None:  # noqa: A002  the payload's own name
        told = self.told.setdefault(session["id"], [])
        if seq == len(told) + 1:
            told.append(id)
        else:
            assert told[seq - 1 : seq] == [id], f"{session['id']}: {seq} came behind {len(told)}"


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[Desk]:
    """A desk over the file, in this process."""
    desk = Desk(store=await SqliteStore.open(file))
    try:
        yield desk
    finally:
        await desk.store.close()


async def open_shop(file: Path) -> str:
    """A tenant with agents at work, and the cursor of before its first session."""
    async with opened(file) as desk:
        await create_tenant(desk, TENANT, "Shop")
        call = Call(by=PARTNER)
        for name in AGENTS:
            await save_agent(desk, call, AgentChange(user_name=name, max_sessions=2))
            await set_agent_status(desk, call, name, AgentStatus.ONLINE)
        return Cursor(await desk.store.position()).encode()


async def heal(file: Path) -> Ledger:
    """One sweep mends what died with its server; then the laws hold."""
    async with opened(file) as desk:
        await sweep(desk, TENANT)
        return await check_laws(desk.store, TENANT, desk.clock.now(), off=("L7 order",))


def free_port() -> int:
    """Below the ports of outgoing connections: else a client that knocks could be given it for his own end."""
    for port in Random().sample(range(20_000, 32_000), PORTS_MAX):  # of no seed: two runs at once must not meet
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError(f"none of {PORTS_MAX} ports is free")


def kept_messages(ledger: Ledger) -> dict[str, list[tuple[str, str]]]:
    """Where each client message id is found, as often as it is there."""
    found: dict[str, list[tuple[str, str]]] = {}
    for session, entries in ledger.logs.items():
        ref = ledger.sessions[session].value.session.ref
        for message in (entry.message for entry in entries if entry.message):
            found.setdefault(message.client_message_id or "", []).append((ref.visitor, session_id(TENANT, ref)))
    return found


def sessions_told(follower: Follower) -> dict[str, int]:
    return {session: len(events) for session, events in follower.told.items()}


async def kill_under_load(host: Host, load: Load) -> None:
    for _ in range(KILLS):
        load.answers = asyncio.Semaphore(0)
        async with host.serving(), asyncio.timeout(PATIENCE_S):
            for _ in range(load.random.randint(0, ANSWERS_UNTIL_KILL_MAX)):
                await load.answers.acquire()
            await asyncio.sleep(load.random.uniform(0, 0.02))  # the dice of the moment: waits for nothing


@pytest.mark.parametrize("seed", [20])
async def test_twenty_kills_lose_nothing_and_repeat_nothing(tmp_path: Path, seed: int) -> None:
    random, file = Random(seed), tmp_path / "kefu.db"
    cursor = await open_shop(file)
    host = Host(tmp_path, free_port())
    async with calling(f"http://127.0.0.1:{host.port}") as http:
        api = Api(http, sign(PARTNER, SystemClock().now() + HOUR, SECRET))
        load, follower = Load(host, api, random), Follower(host, api, cursor)
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(follower.follow(lambda: False))
            clients = [tasks.create_task(load.write(f"w{number}")) for number in range(WRITERS)]
            clients.append(tasks.create_task(load.turn_statuses()))
            await kill_under_load(host, load)
            load.is_over = True
            async with host.serving(), asyncio.timeout(PATIENCE_S):
                await asyncio.gather(*clients)
            following.cancel()
        ledger = await heal(file)
        written = {
            session_id(TENANT, each.value.session.ref): len(ledger.logs[session])
            for session, each in ledger.sessions.items()
        }
        async with host.serving(), asyncio.timeout(PATIENCE_S):
            await follower.follow(lambda: sessions_told(follower) == written)
    assert kept_messages(ledger) == {message_id: [place] for message_id, place in load.acknowledged.items()}
    assert len(load.acknowledged) > KILLS
    assert follower.resumed > 0
    assert host.errors() == ""
