"""The tick attends to every socket that something is due on, whatever the trouble with another."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from cloud import Cloud, cloud

from kefu.domain.instants import HOUR, MINUTE
from kefu.records import keys
from kefu.store.port import Key, Record, Store, Write
from kefu.store.wrapper import StoreWrapper


class Killed(BaseException):
    """As the runtime does it when a handler's time is over."""


class Troubled(StoreWrapper):
    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.commits_left: int | None = None
        """Whoever commits behind them is killed."""
        self.unreadable: set[Key] = set()

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        if self.commits_left is not None:
            if self.commits_left == 0:
                raise Killed
            self.commits_left -= 1
        await super().commit(writes, token=token)

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        if self.unreadable & {*keys}:
            raise ValueError("nobody can read this record")
        return await super().get(keys)


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


@pytest.fixture
def store(aws: Cloud) -> Troubled:
    store = Troubled(aws.container.desk.store)
    aws.container.__dict__["desk"] = replace(aws.container.desk, store=store)
    return store


def test_a_socket_whose_closing_died_is_closed_at_the_tick(aws: Cloud, store: Troubled) -> None:
    socket = aws.socket(life_ms=3 * HOUR)
    aws.subscribes(socket)
    store.commits_left = 1
    with pytest.raises(Killed):
        aws.says(socket, {"type": "nonsense"})
    store.commits_left = None
    assert aws.peers.closed == set()
    aws.clock.advance(MINUTE)
    assert (aws.tick(), aws.peers.closed, aws.tick()) == (1, {socket}, 0)


def test_one_sockets_trouble_is_not_the_next_ones(
    aws: Cloud, store: Troubled, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("C1", "C2", "C3"):
        aws.connects(name)
        aws.clock.advance(1)
    store.unreadable = {keys.socket("C1")}
    aws.clock.advance(MINUTE)
    aws.tick()
    assert aws.peers.closed == {"C2", "C3"}
    assert "socket C1 was not attended to" in caplog.text


@pytest.mark.parametrize("trouble", ["C1", "C2", "C5"])
def test_behind_a_full_page_of_sockets_comes_the_next_one(
    aws: Cloud, store: Troubled, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """Also where one of the page stays as it is."""
    monkeypatch.setattr("kefu.gateway.registry._PAGE", 2)
    names = {f"C{number}" for number in range(1, 6)}
    for name in sorted(names):
        aws.connects(name)
    store.unreadable = {keys.socket(trouble)}
    aws.clock.advance(MINUTE)
    aws.tick()
    assert aws.peers.closed == names - {trouble}


def test_out_of_time_the_tick_leaves_the_rest_to_the_next(aws: Cloud) -> None:
    for name in ("C1", "C2", "C3"):
        aws.connects(name)
        aws.clock.advance(1)
    aws.clock.advance(MINUTE)
    assert aws.tick(sockets=2) == 2
    assert aws.peers.closed == {"C1", "C2"}
    assert aws.tick() == 1
