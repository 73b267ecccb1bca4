from collections.abc import Callable, Sequence
from random import Random

from kefu.store.memory import MemoryStore
from kefu.store.port import Expect, Key, Put, Record, Store
from kefu.testing.interleaving import Interleaver, Turn, TurnStore, by_dice, every_history

KEY = Key("p", "number")


async def reads_then_writes(store: Store, name: str, seen: list[str]) -> None:
    [found] = await store.get([KEY])
    seen.append(f"{name} saw {found.value if found else None}")
    await store.commit([Put(Record(key=KEY, value=name), Expect.ANY)], token=name)


async def play(choose: Callable[[Sequence[Turn]], int], seen: list[str]) -> None:
    turns = Interleaver(choose)
    store = TurnStore(MemoryStore(), turns)
    await turns.run({name: reads_then_writes(store, name, seen) for name in "AB"})
    [last] = await store.inner.get([KEY])
    seen.append(f"{last.value if last else None} wrote last")


async def test_every_history_is_played_once() -> None:
    histories: list[frozenset[str]] = []

    async def once(choose: Callable[[Sequence[Turn]], int]) -> None:
        seen: list[str] = []
        await play(choose, seen)
        histories.append(frozenset(seen))

    played = await every_history(once, histories_max=100)
    assert played == len(histories) == 4
    assert set(histories) == {
        frozenset({"A saw None", "B saw None", "A wrote last"}),
        frozenset({"A saw None", "B saw None", "B wrote last"}),
        frozenset({"A saw None", "B saw A", "B wrote last"}),
        frozenset({"B saw None", "A saw B", "A wrote last"}),
    }


async def test_the_same_dice_play_the_same_history() -> None:
    histories = []
    for _ in range(2):
        seen: list[str] = []
        await play(by_dice(Random(5)), seen)
        histories.append(seen)
    assert histories[0] == histories[1]
