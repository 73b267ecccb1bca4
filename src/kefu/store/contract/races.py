import asyncio

from kefu.store.contract.shorthand import commit, put, value_of
from kefu.store.port import Conflict, Expect, Key, Store, Write

CONTENDERS = 8


async def _try(store: Store, *writes: Write) -> bool:
    try:
        await commit(store, *writes)
    except Conflict:
        return False
    return True


class RaceContract:
    async def test_of_many_who_claim_one_record_one_wins(self, store: Store) -> None:
        won = await asyncio.gather(*(_try(store, put("p", "slot", str(n), Expect.ABSENT)) for n in range(CONTENDERS)))
        assert sum(won) == 1
        assert await value_of(store, "p", "slot") == str(won.index(True))

    async def test_no_increment_is_lost(self, store: Store) -> None:
        await commit(store, put("p", "sum", "0"))

        async def increment() -> None:
            while True:
                [found] = await store.get([Key("p", "sum")])
                assert found is not None
                if await _try(store, put("p", "sum", str(int(found.value) + 1), found.version)):
                    return

        await asyncio.gather(*(increment() for _ in range(CONTENDERS)))
        assert await value_of(store, "p", "sum") == str(CONTENDERS)

    async def test_records_of_one_commit_move_together(self, store: Store) -> None:
        await commit(store, put("p", "left", "0"), put("q", "right", "0"))

        async def write(number: int) -> None:
            while not await _try(store, put("p", "left", str(number)), put("q", "right", str(number))):
                pass

        await asyncio.gather(*(write(number) for number in range(1, CONTENDERS + 1)))
        assert await value_of(store, "p", "left") == await value_of(store, "q", "right")
