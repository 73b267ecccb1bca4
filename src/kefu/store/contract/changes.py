import asyncio
from contextlib import aclosing

import pytest

from kefu.store.contract.shorthand import commit, delete, put
from kefu.store.port import Change, Conflict, Expect, PositionExpired, Store

PATIENCE_S = 20


async def read_changes(store: Store, after: str, until: str) -> list[Change]:
    """Changes behind `after` up to the one of sort key `until`, repeats dropped."""
    seen: dict[str, Change] = {}
    async with asyncio.timeout(PATIENCE_S), aclosing(store.changes(after)) as stream:
        async for change in stream:
            seen.setdefault(change.position, change)
            if change.key.sort == until:
                break
    return list(seen.values())


class ChangesContract:
    async def test_changes_tell_before_and_after(self, store: Store) -> None:
        start = await store.position()
        await commit(store, put("p", "a", "1"))
        await commit(store, put("p", "a", "2"))
        await commit(store, delete("p", "a"))
        await commit(store, put("p", "end"))
        told = await read_changes(store, start, "end")
        values = [(c.before.value if c.before else None, c.after.value if c.after else None) for c in told]
        assert values == [(None, "1"), ("1", "2"), ("2", None), (None, "{}")]

    async def test_changes_come_in_commit_order(self, store: Store) -> None:
        start = await store.position()
        for number in range(30):
            await commit(store, put("p", f"{number:02d}"))
        told = await read_changes(store, start, "29")
        assert [change.key.sort for change in told] == [f"{number:02d}" for number in range(30)]

    async def test_a_reader_resumes_behind_any_position(self, store: Store) -> None:
        start = await store.position()
        await commit(store, *(put("p", sort) for sort in "abc"))
        await commit(store, *(put("p", sort) for sort in "de"))
        told = await read_changes(store, start, "e")
        for index, change in enumerate(told[:-1]):
            rest = await read_changes(store, change.position, told[-1].key.sort)
            assert [each.key for each in rest] == [each.key for each in told[index + 1 :]]

    async def test_what_was_refused_or_only_checked_is_no_change(self, store: Store) -> None:
        start = await store.position()
        with pytest.raises(Conflict):
            await commit(store, put("p", "a"), put("p", "b", expect=Expect.PRESENT))
        await commit(store, delete("p", "nothing"))
        await commit(store, put("p", "end"))
        assert [change.key.sort for change in await read_changes(store, start, "end")] == ["end"]

    async def test_a_waiting_reader_is_told_of_the_next_commit(self, store: Store) -> None:
        start = await store.position()
        reader = asyncio.create_task(read_changes(store, start, "late"))
        await asyncio.sleep(0)
        await commit(store, put("p", "late"))
        assert [change.key.sort for change in await reader] == ["late"]

    @pytest.mark.parametrize("position", ["no such position", "", "9" * 5_000, "٣", "-1"])
    async def test_a_position_that_never_was_is_refused(self, store: Store, position: str) -> None:
        with pytest.raises(PositionExpired):
            await read_changes(store, position, "x")
