from kefu.store.contract.shorthand import commit, put, record, whole_listing, whole_scan
from kefu.store.port import Delete, Expect, Key, Listing, Order, Put, Span, Store


class ReadContract:
    async def test_get_keeps_the_order_asked_and_tells_absence(self, store: Store) -> None:
        await commit(store, put("p", "a", "1"), put("q", "a", "2"))
        found = await store.get([Key("q", "a"), Key("p", "none"), Key("p", "a")])
        assert [each.value if each else None for each in found] == ["2", None, "1"]

    async def test_a_key_may_be_asked_for_twice(self, store: Store) -> None:
        await commit(store, put("p", "a", "1"))
        found = await store.get([Key("p", "a"), Key("p", "a")])
        assert [each.value if each else None for each in found] == ["1", "1"]

    async def test_nothing_asked_nothing_found(self, store: Store) -> None:
        assert await store.get([]) == []

    async def test_what_was_put_comes_back_whole(self, store: Store) -> None:
        whole = record("p", "a", '{"名":"售前 \\"x\\""}', rank="r", listing=Listing("i", "o"))
        await commit(store, Put(whole, Expect.ABSENT))
        [found] = await store.get([whole.key])
        assert found is not None
        assert (found.key, found.value, found.rank, found.listing) == (whole.key, whole.value, "r", Listing("i", "o"))

    async def test_a_scan_is_in_the_order_of_the_sort_key(self, store: Store) -> None:
        await commit(store, *(put("p", sort) for sort in ["b", "a", "c", "B", "售", "a#"]))
        assert await whole_scan(store, "p") == ["B", "a", "a#", "b", "c", "售"]

    async def test_newest_first_is_the_same_backwards(self, store: Store) -> None:
        await commit(store, *(put("p", sort) for sort in "abcde"))
        assert await whole_scan(store, "p", newest_first=True, limit=2) == list("edcba")

    async def test_the_ends_of_a_scan_are_exclusive(self, store: Store) -> None:
        await commit(store, *(put("p", sort) for sort in "abcde"))
        assert await whole_scan(store, "p", after="a", before="d") == ["b", "c"]
        assert await whole_scan(store, "p", after="a", before="d", newest_first=True) == ["c", "b"]

    async def test_an_empty_range_is_empty(self, store: Store) -> None:
        await commit(store, put("p", "a"), put("p", "b"))
        assert await whole_scan(store, "p", after="a", before="b") == []
        assert await whole_scan(store, "p", after="b", before="a") == []

    async def test_a_scan_sees_its_partition_alone(self, store: Store) -> None:
        await commit(store, put("p", "a"), put("pp", "b"), put("p#", "c"))
        assert await whole_scan(store, "p") == ["a"]

    async def test_a_page_ends_at_its_limit_and_says_that_more_lies_beyond(self, store: Store) -> None:
        await commit(store, *(put("p", sort) for sort in "abc"))
        page = await store.scan("p", Span(limit=2))
        assert len(page.records) <= 2
        assert page.has_more

    async def test_the_last_page_says_that_nothing_lies_beyond(self, store: Store) -> None:
        await commit(store, *(put("p", sort) for sort in "abc"))
        assert await whole_scan(store, "p", limit=1) == list("abc")

    async def test_the_rank_orders_only_records_that_have_one(self, store: Store) -> None:
        await commit(
            store,
            Put(record("p", "a", rank="2"), Expect.ANY),
            Put(record("p", "b", rank="1"), Expect.ANY),
            put("p", "c"),
        )
        assert await whole_scan(store, "p", order=Order.RANK) == ["b", "a"]
        assert await whole_scan(store, "p") == ["a", "b", "c"]

    async def test_a_rank_moves_with_its_record_at_once(self, store: Store) -> None:
        await commit(store, Put(record("p", "a", rank="1"), Expect.ANY), Put(record("p", "b", rank="2"), Expect.ANY))
        await commit(store, Put(record("p", "a", rank="3"), Expect.PRESENT))
        assert await whole_scan(store, "p", order=Order.RANK) == ["b", "a"]
        await commit(store, put("p", "b"))
        assert await whole_scan(store, "p", order=Order.RANK, limit=1) == ["a"]

    async def test_a_rank_range_has_exclusive_ends(self, store: Store) -> None:
        await commit(store, *(Put(record("p", f"s{rank}", rank=rank), Expect.ANY) for rank in "123"))
        assert await whole_scan(store, "p", order=Order.RANK, after="1", before="3") == ["s2"]

    async def test_count_is_exact_up_to_its_limit(self, store: Store) -> None:
        await commit(store, *(put("p", sort) for sort in "abcde"))
        assert await store.count("p", Span(limit=100)) == 5
        assert await store.count("p", Span(limit=3)) == 3
        assert await store.count("p", Span(after="a", before="d", limit=100)) == 2
        assert await store.count("nowhere", Span(limit=100)) == 0

    async def test_a_listing_runs_across_partitions(self, store: Store) -> None:
        await commit(
            store, *(Put(record(f"p{n}", f"s{n}", listing=Listing("i", f"o{n}")), Expect.ANY) for n in (3, 1, 2))
        )
        assert await whole_listing(store, "i") == ["s1", "s2", "s3"]
        assert await whole_listing(store, "i", newest_first=True) == ["s3", "s2", "s1"]
        assert await whole_listing(store, "j") == []

    async def test_a_record_that_moves_in_one_commit_keeps_its_rank_and_its_place_in_the_listing(
        self, store: Store
    ) -> None:
        there = record("p", "old", rank="1", listing=Listing("i", "o"))
        await commit(store, Put(there, Expect.ABSENT))
        moved = record("p", "new", rank="1", listing=Listing("i", "o"))
        await commit(store, Put(moved, Expect.ABSENT), Delete(there.key, Expect.PRESENT))
        assert await whole_listing(store, "i") == ["new"]
        assert await whole_scan(store, "p", order=Order.RANK) == ["new"]
        await commit(store, Delete(moved.key, Expect.PRESENT))
        assert await whole_listing(store, "i") == []

    async def test_two_records_may_swap_ranks_in_one_commit(self, store: Store) -> None:
        await commit(store, *(Put(record("p", sort, rank=rank), Expect.ANY) for sort, rank in ("a1", "b2")))
        await commit(store, *(Put(record("p", sort, rank=rank), Expect.ANY) for sort, rank in ("a2", "b1")))
        assert await whole_scan(store, "p", order=Order.RANK) == ["b", "a"]

    async def test_a_record_leaves_the_listing_it_no_longer_names(self, store: Store) -> None:
        await commit(store, Put(record("p", "a", listing=Listing("i", "1")), Expect.ANY))
        await commit(store, Put(record("p", "a", listing=Listing("j", "1")), Expect.ANY))
        assert await whole_listing(store, "i") == []
        assert await whole_listing(store, "j") == ["a"]
