"""A receiver that fails at random half the time, and senders killed at any step: nothing lost, in order per session.

Time is virtual, and so is death: at a step that dice choose, before or behind what it does, the sender ends for good.
Whoever comes after it knows what lies in the store, and the position from which the changes were not all taken yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

import pytest

from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.domain.delivery import DeliveryState
from kefu.domain.instants import MINUTE
from kefu.domain.session_ref import SessionRef
from kefu.feed.outgoing import Outgoing
from kefu.feed.webhooks import take, tell
from kefu.store.memory import MemoryStore
from kefu.store.port import Key, Order, Page, Record, Span, Write
from kefu.store.wrapper import StoreWrapper
from kefu.testing.clocks import ManualClock
from webhooks.stage import Outlet

SEEDS = range(20)
VISITORS = ("V", "W", "X")
HAPPENINGS = 12
ROUNDS_MAX = 3_000
KILLED = 0.06


class Killed(BaseException):
    """No code of ours may go on behind it."""


@dataclass(slots=True)
class Dice:
    random: Random
    kills: bool = False

    def roll(self) -> None:
        if self.kills and self.random.random() < KILLED:
            raise Killed


class DeadlyStore(StoreWrapper):
    def __init__(self, inner: MemoryStore, dice: Dice) -> None:
        super().__init__(inner)
        self._dice = dice

    async def get(self, keys: Sequence[Key]) -> list[Record | None]:
        self._dice.roll()
        return await self.inner.get(keys)

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        self._dice.roll()
        return await self.inner.scan(partition, span, order)

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        self._dice.roll()
        await self.inner.commit(writes, token=token)
        self._dice.roll()


@dataclass(slots=True)
class HalfDeafReceiver:
    dice: Dice
    came: dict[str, list[int]] = field(default_factory=dict)
    """By session: numbers of the events that were taken, as they came, repetitions included."""
    outlet: Outlet | None = None

    async def __call__(self, outgoing: Outgoing, /) -> None:
        self.dice.roll()
        assert self.outlet
        await self.outlet.receivers(outgoing)
        self.dice.roll()

    def hears(self, outgoing: Outgoing) -> bool:
        if self.dice.random.random() < 0.5:
            return False
        session, _, seq = outgoing.headers["webhook-id"].rpartition("-")
        self.came.setdefault(session, []).append(int(seq))
        return True


@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_is_lost_and_each_session_keeps_its_order(seed: int) -> None:
    dice, clock = Dice(Random(seed)), ManualClock()
    store = DeadlyStore(MemoryStore(clock.now), dice)
    outlet = await Outlet.open(store, clock)
    await outlet.shop.agent("b", max_sessions=2)
    receiver = HalfDeafReceiver(dice, outlet=outlet)
    outlet.receivers.takes = receiver.hears
    outlet.courier = replace(outlet.courier, post=receiver)
    await outlet.hook()
    happened: dict[str, SessionRef] = {}
    for number in range(ROUNDS_MAX):
        if number < HAPPENINGS:
            session = await happen(outlet, dice.random)
            happened[session.id] = session
        await one_sender(outlet, dice)
        if number >= HAPPENINGS and not await is_anything_due(outlet):
            break
        clock.advance(dice.random.choice([1, 1_000, MINUTE, 20 * MINUTE]))
    dead = {(each.ref.id, each.seq) for each in await outlet.deliveries() if each.state is DeliveryState.DEAD}
    for ref in happened.values():
        first = list(dict.fromkeys(receiver.came.get(ref.id, [])))
        assert first == sorted(first), "an event overtook another"
        told = {*first, *(seq for session, seq in dead if session == ref.id)}
        assert told == {entry.seq for entry in await outlet.shop.log(ref)}, "an event was lost"


async def happen(outlet: Outlet, random: Random) -> SessionRef:
    """A visitor writes, is answered, or is done."""
    shop, visitor = outlet.shop, random.choice(VISITORS)
    ref = await shop.write(visitor)
    session = await shop.session(ref)
    if session.agent and random.random() < 0.5:
        await shop.step(send_message(shop.desk, shop.call(), OutgoingMessage(session=ref, text="您好")))
    if random.random() < 0.3:
        await shop.close(ref)
    return ref


async def one_sender(outlet: Outlet, dice: Dice) -> None:
    """Takes what was committed, and tells what is due, until it is through or killed."""
    start, dice.kills = outlet.position, True
    try:
        for change in await outlet.changes():
            for claimed in await take(outlet.courier, change):
                await tell(outlet.courier, claimed)
        await outlet.tick()
    except Killed:
        outlet.position = start  # its place was not kept: the next one takes everything again
    finally:
        dice.kills = False


async def is_anything_due(outlet: Outlet) -> bool:
    lanes = await outlet.shop.desk.store.listing("*LANES", Span(limit=1))
    return bool(lanes.records) or outlet.position != await outlet.shop.desk.store.position()
