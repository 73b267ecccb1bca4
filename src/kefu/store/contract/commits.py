import pytest

from kefu.store.contract.shorthand import check, commit, delete, put, record, value_of, whole_listing, whole_scan
from kefu.store.port import (
    COMMIT_WRITES_MAX,
    VALUE_BYTES_MAX,
    Conflict,
    Expect,
    Key,
    Listing,
    Order,
    Put,
    Span,
    Store,
    TokenReused,
    TooLarge,
)


class CommitContract:
    async def test_versions_count_from_one(self, store: Store) -> None:
        for expected in (1, 2, 3):
            await commit(store, put("p", "a"))
            [found] = await store.get([Key("p", "a")])
            assert found is not None
            assert found.version == expected

    async def test_a_record_that_comes_again_counts_anew(self, store: Store) -> None:
        await commit(store, put("p", "a"))
        await commit(store, put("p", "a"))
        await commit(store, delete("p", "a"))
        await commit(store, put("p", "a", expect=Expect.ABSENT))
        [found] = await store.get([Key("p", "a")])
        assert found is not None
        assert found.version == 1

    async def test_absent_lets_through_only_what_is_not_there(self, store: Store) -> None:
        await commit(store, put("p", "a", "first", Expect.ABSENT))
        with pytest.raises(Conflict) as caught:
            await commit(store, put("p", "a", "second", Expect.ABSENT))
        assert set(caught.value.keys) <= {Key("p", "a")}
        assert await value_of(store, "p", "a") == "first"

    async def test_present_lets_through_only_what_is_there(self, store: Store) -> None:
        with pytest.raises(Conflict):
            await commit(store, put("p", "a", expect=Expect.PRESENT))
        await commit(store, put("p", "a"))
        await commit(store, put("p", "a", "again", Expect.PRESENT))
        assert await value_of(store, "p", "a") == "again"

    async def test_a_version_lets_through_only_itself(self, store: Store) -> None:
        await commit(store, put("p", "a", "one"))
        with pytest.raises(Conflict):
            await commit(store, put("p", "a", "x", 2))
        await commit(store, put("p", "a", "two", 1))
        with pytest.raises(Conflict):
            await commit(store, put("p", "a", "x", 1))
        assert await value_of(store, "p", "a") == "two"

    async def test_a_version_of_nothing_is_a_conflict(self, store: Store) -> None:
        with pytest.raises(Conflict):
            await commit(store, put("p", "a", expect=1))

    async def test_one_refused_write_refuses_them_all(self, store: Store) -> None:
        await commit(store, put("p", "there", "old"))
        with pytest.raises(Conflict) as caught:
            await commit(
                store,
                put("p", "new"),
                put("p", "there", "new"),
                delete("q", "nothing"),
                check("r", "missing", Expect.PRESENT),
            )
        assert set(caught.value.keys) <= {Key("r", "missing")}
        assert await value_of(store, "p", "new") is None
        assert await value_of(store, "p", "there") == "old"

    async def test_a_check_writes_nothing(self, store: Store) -> None:
        await commit(store, put("p", "a", "kept"))
        await commit(store, check("p", "a", 1), check("p", "none", Expect.ABSENT), put("p", "b"))
        [found] = await store.get([Key("p", "a")])
        assert found is not None
        assert (found.value, found.version) == ("kept", 1)
        assert await whole_scan(store, "p") == ["a", "b"]

    async def test_delete_obeys_its_expectation(self, store: Store) -> None:
        await commit(store, put("p", "a"))
        with pytest.raises(Conflict):
            await commit(store, delete("p", "a", 7))
        await commit(store, delete("p", "a", 1))
        assert await value_of(store, "p", "a") is None
        with pytest.raises(Conflict):
            await commit(store, delete("p", "a", Expect.PRESENT))

    async def test_to_delete_what_is_not_there_is_no_fault(self, store: Store) -> None:
        await commit(store, delete("p", "a"), put("p", "b"))
        assert await whole_scan(store, "p") == ["b"]

    async def test_a_repeated_token_is_applied_once(self, store: Store) -> None:
        writes = [put("p", "a", "x", Expect.ABSENT)]
        await store.commit(writes, token="contract-repeated-token-0001")  # noqa: S106
        await store.commit(writes, token="contract-repeated-token-0001")  # noqa: S106
        [found] = await store.get([Key("p", "a")])
        assert found is not None
        assert found.version == 1

    async def test_commits_without_a_token_are_each_applied(self, store: Store) -> None:
        for _ in range(2):
            await store.commit([put("p", "a")], token=None)
            await store.commit([put("p", "b"), put("p", "c")], token=None)
        found = await store.get([Key("p", "a"), Key("p", "b"), Key("p", "c")])
        assert [each and each.version for each in found] == [2, 2, 2]

    async def test_a_commit_without_a_token_is_refused_as_any_other(self, store: Store) -> None:
        await commit(store, put("p", "a"))
        for write in (put("p", "a", "x", Expect.ABSENT), delete("p", "a", 7), check("p", "a", Expect.ABSENT)):
            with pytest.raises(Conflict) as refused:
                await store.commit([write], token=None)
            assert refused.value.keys == (Key("p", "a"),)
        assert await value_of(store, "p", "a") == "{}"

    async def test_a_single_write_without_a_token_ranks_and_lists_its_record(self, store: Store) -> None:
        there = record("p", "a", rank="1", listing=Listing("i", "1"))
        await store.commit([Put(there, Expect.ABSENT)], token=None)
        assert await whole_scan(store, "p", order=Order.RANK) == ["a"]
        assert await whole_listing(store, "i") == ["a"]

    async def test_a_single_write_without_a_token_deletes(self, store: Store) -> None:
        await commit(store, put("p", "a"))
        await store.commit([delete("p", "a", 1)], token=None)
        assert await whole_scan(store, "p") == []

    async def test_a_refused_commit_leaves_its_token_free(self, store: Store) -> None:
        writes = [put("p", "a", "x", Expect.PRESENT)]
        with pytest.raises(Conflict):
            await store.commit(writes, token="contract-refused-token-0001")  # noqa: S106
        await commit(store, put("p", "a", "first"))
        await store.commit(writes, token="contract-refused-token-0001")  # noqa: S106
        assert await value_of(store, "p", "a") == "x"

    async def test_a_token_stands_for_its_own_writes(self, store: Store) -> None:
        await store.commit([put("p", "a")], token="contract-reused-token-0001")  # noqa: S106
        with pytest.raises(TokenReused):
            await store.commit([put("p", "b")], token="contract-reused-token-0001")  # noqa: S106
        assert await value_of(store, "p", "b") is None

    async def test_a_commit_takes_a_hundred_writes_and_no_more(self, store: Store) -> None:
        await commit(store, *(put("p", f"{n:03d}") for n in range(COMMIT_WRITES_MAX)))
        with pytest.raises(TooLarge):
            await commit(store, *(put("q", f"{n:03d}") for n in range(COMMIT_WRITES_MAX + 1)))
        assert await store.count("p", Span(limit=1_000)) == COMMIT_WRITES_MAX
        assert await store.count("q", Span(limit=1_000)) == 0

    async def test_a_value_too_large_is_refused_whole(self, store: Store) -> None:
        with pytest.raises(TooLarge):
            await commit(store, put("p", "small"), put("p", "large", "x" * (VALUE_BYTES_MAX + 1)))
        assert await whole_scan(store, "p") == []

    async def test_the_size_of_a_value_is_counted_in_bytes(self, store: Store) -> None:
        with pytest.raises(TooLarge):
            await commit(store, put("p", "large", "售" * (VALUE_BYTES_MAX // 2)))

    async def test_two_writes_to_one_key_are_a_mistake(self, store: Store) -> None:
        with pytest.raises(ValueError, match="key of its own"):
            await commit(store, put("p", "a"), delete("p", "a"))
