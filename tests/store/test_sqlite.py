import asyncio
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, closing, contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kefu.store.contract import StoreContract
from kefu.store.contract.changes import PATIENCE_S, read_changes
from kefu.store.contract.shorthand import commit, put, record, value_of, whole_listing, whole_scan
from kefu.store.memory import MemoryStore
from kefu.store.port import (
    CHANGES_KEPT_MS,
    TOKEN_KEPT_MS,
    VALUE_BYTES_MAX,
    Change,
    Check,
    Conflict,
    Delete,
    Expect,
    Key,
    Listing,
    Order,
    OutcomeUnknown,
    PositionExpired,
    Put,
    Record,
    Span,
    Store,
    StoreError,
    Throttled,
    TokenReused,
    TooLarge,
    Write,
)
from kefu.store.sqlite import WAITING_MAX, NotAStoreFile, SqliteStore, StoreFileTooNew
from kefu.store.sqlite_file import STEPS, open_file
from kefu.store.sqlite_statements import CHANGES_PAGE, EXPIRED_PER_COMMIT
from kefu.testing.subprocesses import last_words

NOON = 1_700_000_000_000
PROCESSES = 3
INCREMENTS = 15
LANES = 4
MAKERS = 12


# What Kefu wrote before positions had an epoch, as SQLite dumps it.
FIRST_VERSION = """
CREATE TABLE records (
    partition TEXT NOT NULL,
    sort TEXT NOT NULL,
    value TEXT NOT NULL,
    version INTEGER NOT NULL,
    rank TEXT,
    listing_index TEXT,
    listing_order TEXT,
    expires_at INTEGER,
    PRIMARY KEY (partition, sort)
) WITHOUT ROWID;
CREATE INDEX records_by_rank ON records (partition, rank) WHERE rank IS NOT NULL;
CREATE INDEX records_by_listing ON records (listing_index, listing_order) WHERE listing_index IS NOT NULL;
CREATE INDEX records_by_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE tokens (token TEXT PRIMARY KEY, at INTEGER NOT NULL, fingerprint BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX tokens_by_age ON tokens (at);
CREATE TABLE changes (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    partition TEXT NOT NULL,
    sort TEXT NOT NULL,
    before TEXT,
    after TEXT
);
INSERT INTO records VALUES ('p', 'a', 'kept', 1, 'r', 'i', 'o', NULL), ('p', 'b', 'kept too', 1, NULL, NULL, NULL, NULL);
INSERT INTO changes VALUES (1, 1700000000000, 'p', 'a', NULL, '["kept", 1, "r", "i", "o", null]');
INSERT INTO changes VALUES (2, 1700000000000, 'p', 'b', NULL, '["kept too", 1, null, null, null, null]');
PRAGMA application_id = 1264936565;
PRAGMA user_version = 1;
"""


class Clock:
    def __init__(self) -> None:
        self.ms = NOON

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "客服 #1?.db"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(path: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    async with opened(path, now=clock) as store:
        yield store


@asynccontextmanager
async def opened(path: Path, **options: Any) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(path, **options)
    try:
        yield store
    finally:
        await store.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """As if another process were in the middle of a commit."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process grows beyond a size that the open store is sure to need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def expiring(sort: str, at: int) -> Put:
    return Put(Record(key=Key("p", sort), value="{}", expires_at=at), Expect.ANY)


def ranked(sort: str, rank: str) -> Put:
    return Put(record("p", sort, rank=rank, listing=Listing("i", rank)), Expect.ANY)


def placed(key: Key, value: str, rank: str | None, listed: str | None) -> Record:
    """Unique in its orders, as the port asks: the key stands last."""
    listing = None if listed is None else Listing("i", f"{listed}#{key.partition}#{key.sort}")
    return Record(key=key, value=value, rank=None if rank is None else f"{rank}#{key.sort}", listing=listing)


def commits() -> st.SearchStrategy[list[Write]]:
    places = st.sampled_from(["1", "2", None])
    keys = st.builds(Key, st.sampled_from("pq"), st.sampled_from(["a", "a#", "B", "售", "\uffee", "😀"]))
    expectations = st.sampled_from([Expect.ANY, Expect.ANY, Expect.ABSENT, Expect.PRESENT, 1, 2])
    puts = st.builds(Put, st.builds(placed, keys, st.sampled_from("xyz"), places, places), expectations)
    writes = puts | st.builds(Delete, keys, expectations) | st.builds(Check, keys, expectations)
    return st.lists(writes, max_size=6, unique_by=lambda write: write.key)


class TestSqliteStore(StoreContract):
    """The fixture `store` of this file, under the laws."""


class TestRecords:
    async def test_two_records_may_swap_their_ranks_in_one_commit(self, store: Store) -> None:
        await commit(store, ranked("a", "1"), ranked("b", "2"))
        await commit(store, ranked("a", "2"), ranked("b", "1"))
        assert await whole_scan(store, "p", order=Order.RANK) == ["b", "a"]

    async def test_two_records_may_swap_their_places_in_a_listing_in_one_commit(self, store: Store) -> None:
        await commit(store, ranked("a", "1"), ranked("b", "2"))
        await commit(store, ranked("a", "2"), ranked("b", "1"))
        assert await whole_listing(store, "i") == ["b", "a"]

    async def test_a_value_is_measured_in_bytes(self, store: Store) -> None:
        with pytest.raises(TooLarge):
            await commit(store, put("p", "a", "服" * (VALUE_BYTES_MAX // 3 + 1)))

    async def test_code_points_beyond_the_first_plane_sort_last(self, store: Store) -> None:
        await commit(store, put("p", "😀"), put("p", "\uffee"))
        assert await whole_scan(store, "p") == ["\uffee", "😀"]

    async def test_a_put_that_tells_another_version_is_the_same_put(self, store: Store) -> None:
        for version in (0, 7):
            told = Record(key=Key("p", "a"), value="{}", version=version)
            await store.commit([Put(told, Expect.ABSENT)], token="version-is-ignored")
        [found] = await store.get([Key("p", "a")])
        assert found is not None
        assert found.version == 1

    async def test_a_token_is_forgotten_after_its_time(self, store: Store, clock: Clock) -> None:
        await store.commit([put("p", "a")], token="kept-ten-minutes")
        clock.ms += TOKEN_KEPT_MS + 1
        await store.commit([put("p", "b")], token="kept-ten-minutes")
        assert await whole_scan(store, "p") == ["a", "b"]

    async def test_a_token_is_kept_for_its_time(self, store: Store, clock: Clock) -> None:
        await store.commit([put("p", "a")], token="kept-ten-minutes")
        clock.ms += TOKEN_KEPT_MS
        with pytest.raises(TokenReused):
            await store.commit([put("p", "b")], token="kept-ten-minutes")


class TestExpiry:
    async def test_an_expired_record_goes_with_a_later_commit(self, store: Store, clock: Clock) -> None:
        await commit(store, expiring("old", NOON), expiring("young", NOON + 1))
        clock.ms += 1
        await commit(store, put("q", "any"))
        assert await whole_scan(store, "p") == ["young"]

    async def test_an_expired_record_is_there_until_then(self, store: Store, clock: Clock) -> None:
        await commit(store, expiring("old", NOON))
        clock.ms += 1
        await commit(store, put("p", "old", expect=1))
        assert await whole_scan(store, "p") == ["old"]

    async def test_a_cleaned_record_is_told_as_a_change(self, store: Store, clock: Clock) -> None:
        await commit(store, expiring("old", NOON))
        start = await store.position()
        clock.ms += 1
        await commit(store, put("q", "any"))
        told = await read_changes(store, start, "old")
        assert [(each.key.sort, each.after is None) for each in told] == [("any", False), ("old", True)]

    async def test_one_commit_cleans_only_so_much(self, store: Store, clock: Clock) -> None:
        await commit(store, *(expiring(f"{n:02d}", NOON) for n in range(EXPIRED_PER_COMMIT + 5)))
        clock.ms += 1
        await commit(store, put("q", "any"))
        assert await store.count("p", Span(limit=100)) == 5


class TestChanges:
    async def test_changes_are_kept_for_their_time(self, store: Store, clock: Clock) -> None:
        start = await store.position()
        await commit(store, put("p", "old"))
        clock.ms += CHANGES_KEPT_MS
        await commit(store, put("p", "new"))
        assert [each.key.sort for each in await read_changes(store, start, "new")] == ["old", "new"]

    async def test_a_position_behind_what_is_kept_is_refused(self, store: Store, clock: Clock) -> None:
        start = await store.position()
        await commit(store, put("p", "old"))
        clock.ms += CHANGES_KEPT_MS + 1
        await commit(store, put("p", "new"))
        with pytest.raises(PositionExpired):
            await read_changes(store, start, "new")

    async def test_the_oldest_position_kept_still_serves(self, store: Store, clock: Clock) -> None:
        await commit(store, put("p", "old"))
        oldest = await store.position()
        clock.ms += CHANGES_KEPT_MS + 1
        await commit(store, put("p", "new"))
        assert [each.key.sort for each in await read_changes(store, oldest, "new")] == ["new"]

    async def test_a_reader_that_fell_too_far_behind_is_told_so(self, store: Store, clock: Clock) -> None:
        start = await store.position()
        await commit(store, put("p", "first"))
        async with aclosing(store.changes(start)) as stream:
            await anext(stream)
            await commit(store, put("p", "missed"))
            clock.ms += CHANGES_KEPT_MS + 1
            await commit(store, put("p", "new"))
            with pytest.raises(PositionExpired):
                await anext(stream)

    @pytest.mark.parametrize("number", ["1", "-1", "", "0.0", "0 ", "٠", "9" * 18, "9" * 5_000])
    async def test_a_number_that_never_was_given_is_refused(self, store: Store, number: str) -> None:
        epoch, _, _ = (await store.position()).rpartition("-")
        with pytest.raises(PositionExpired):
            await read_changes(store, f"{epoch}-{number}", "x")

    async def test_a_position_of_another_file_is_refused(self, store: Store, tmp_path: Path) -> None:
        async with opened(tmp_path / "other.db") as other:
            position = await other.position()
        with pytest.raises(PositionExpired):
            await read_changes(store, position, "x")

    async def test_changes_run_over_many_pages(self, store: Store) -> None:
        start = await store.position()
        numbers = [f"{n:03d}" for n in range(2 * CHANGES_PAGE + 1)]
        for begin in range(0, len(numbers), 40):
            await commit(store, *(put("p", sort) for sort in numbers[begin : begin + 40]))
        assert [each.key.sort for each in await read_changes(store, start, numbers[-1])] == numbers

    async def test_changes_of_the_same_store_wait_for_no_poll(self, path: Path) -> None:
        async with opened(path, poll_s=1_000 * PATIENCE_S) as store, AsyncExitStack() as stack:
            stream = await stack.enter_async_context(aclosing(store.changes(await store.position())))
            for number in range(20):
                told = asyncio.ensure_future(anext(stream))
                await commit(store, put("p", str(number)))
                assert (await asyncio.wait_for(told, PATIENCE_S)).key.sort == str(number)

    async def test_closing_ends_open_changes(self, path: Path) -> None:
        async with opened(path, poll_s=1_000 * PATIENCE_S) as store:
            told = asyncio.ensure_future(anext(store.changes(await store.position()), None))
            await asyncio.sleep(0)
            await store.close()
            assert await asyncio.wait_for(told, PATIENCE_S) is None


class TestReopening:
    async def test_records_are_there_again(self, path: Path) -> None:
        whole = Record(key=Key("p", "售"), value="服", rank="r", listing=Listing("i", "o"), expires_at=2**62, version=1)
        async with opened(path) as store:
            await commit(store, Put(whole, Expect.ABSENT))
        async with opened(path) as store:
            assert await store.get([whole.key]) == [whole]

    async def test_a_repeated_token_is_applied_once(self, path: Path) -> None:
        for _ in range(2):
            async with opened(path) as store:
                await store.commit([put("p", "a", expect=Expect.ABSENT)], token="over-a-restart")
                assert await changes_ever(store) == 1

    async def test_a_token_still_stands_for_its_own_writes(self, path: Path) -> None:
        async with opened(path) as store:
            await store.commit([put("p", "a")], token="over-a-restart")
        async with opened(path) as store:
            with pytest.raises(TokenReused):
                await store.commit([put("p", "a", "other")], token="over-a-restart")

    async def test_positions_go_on(self, path: Path) -> None:
        async with opened(path) as store:
            start = await store.position()
            await commit(store, put("p", "a"), put("p", "b"))
            [first, _] = await read_changes(store, start, "b")
        async with opened(path) as store:
            await commit(store, put("p", "c"))
            assert [each.key.sort for each in await read_changes(store, first.position, "c")] == ["b", "c"]

    async def test_nothing_but_the_file_is_left(self, path: Path) -> None:
        async with opened(path) as store:
            await commit(store, put("p", "a"))
        assert list(path.parent.iterdir()) == [path]


class TestTwoOnOneFile:
    @pytest.fixture
    async def other(self, path: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
        async with opened(path, now=clock) as other:
            yield other

    async def test_each_sees_at_once_what_the_other_wrote(self, store: Store, other: Store) -> None:
        await commit(store, put("p", "a", "mine"))
        assert await value_of(other, "p", "a") == "mine"

    async def test_a_version_that_the_other_raised_is_a_conflict(self, store: Store, other: Store) -> None:
        await commit(store, put("p", "a"))
        await commit(other, put("p", "a", expect=1))
        with pytest.raises(Conflict):
            await commit(store, put("p", "a", expect=1))

    async def test_a_token_repeated_at_the_other_is_applied_once(self, store: Store, other: Store) -> None:
        writes = [put("p", "a", expect=Expect.ABSENT)]
        await asyncio.gather(*(each.commit(writes, token="here-and-there") for each in (store, other)))
        assert await changes_ever(store) == 1

    async def test_a_waiting_reader_is_told_of_the_others_commit(self, store: Store, other: Store) -> None:
        reader = asyncio.create_task(read_changes(other, await store.position(), "late"))
        await asyncio.sleep(0)
        await commit(store, put("p", "late"))
        assert [each.key.sort for each in await reader] == ["late"]


class TestRestoring:
    """A backup lacks what came behind it, and its numbers are given once more."""

    @pytest.fixture
    async def given(self, path: Path) -> str:
        """A position behind the backup, which was then restored and went on beyond it."""
        async with opened(path) as store:
            await commit(store, put("p", "in-the-backup"))
            back_up(path)
            await commit(store, put("p", "lost"))
            given = await store.position()
        restore(path)
        return given

    async def test_a_position_given_behind_the_backup_is_refused(self, path: Path, given: str) -> None:
        async with opened(path) as store:
            await store.expire_positions()
            await commit(store, put("p", "skipped"), put("p", "next"))
            with pytest.raises(PositionExpired):
                await read_changes(store, given, "next")

    @pytest.mark.usefixtures("given")
    async def test_positions_given_from_then_on_serve(self, path: Path) -> None:
        async with opened(path) as store:
            await store.expire_positions()
            start = await store.position()
            await commit(store, put("p", "next"))
            assert [each.key.sort for each in await read_changes(store, start, "next")] == ["next"]

    @pytest.mark.usefixtures("given")
    async def test_what_was_in_the_backup_stays(self, path: Path) -> None:
        async with opened(path) as store:
            await store.expire_positions()
            assert await whole_scan(store, "p") == ["in-the-backup"]

    async def test_it_holds_over_a_restart(self, path: Path, given: str) -> None:
        async with opened(path) as store:
            await store.expire_positions()
        async with opened(path) as store:
            await commit(store, put("p", "skipped"), put("p", "next"))
            with pytest.raises(PositionExpired):
                await read_changes(store, given, "next")

    async def test_who_follows_at_the_time_is_told(self, store: SqliteStore) -> None:
        start = await store.position()
        await commit(store, put("p", "a"))
        async with aclosing(store.changes(start)) as stream:
            await anext(stream)
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            await store.expire_positions()
            with pytest.raises(PositionExpired):
                await asyncio.wait_for(waiting, PATIENCE_S)


class TestTroubles:
    async def test_a_file_locked_for_too_long_throttles(self, path: Path) -> None:
        async with opened(path, busy_timeout_ms=20) as store:
            with locked(path), pytest.raises(Throttled):
                await commit(store, put("p", "a"))

    async def test_reads_go_on_while_another_process_writes(self, path: Path) -> None:
        async with opened(path, busy_timeout_ms=20) as store:
            await commit(store, put("p", "a", "there"))
            with locked(path):
                assert await value_of(store, "p", "a") == "there"

    async def test_too_many_waiting_commits_are_turned_away(self, path: Path) -> None:
        gate = threading.Event()
        async with opened(path, now=lambda: NOON * gate.wait()) as store:
            waiting = [asyncio.ensure_future(commit(store, put("p", str(n)))) for n in range(WAITING_MAX)]
            await asyncio.sleep(0)
            try:
                with pytest.raises(Throttled):
                    await asyncio.wait_for(commit(store, put("p", "one more")), PATIENCE_S)
            finally:
                gate.set()
                for each in waiting:
                    each.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)

    async def test_a_commit_that_met_a_full_disk_may_be_repeated(self, store: Store) -> None:
        writes = [put("p", "a", "x" * VALUE_BYTES_MAX, Expect.ABSENT)]
        with full_disk(), pytest.raises(OutcomeUnknown):
            await store.commit(writes, token="disk-was-full")
        await store.commit(writes, token="disk-was-full")
        assert await changes_ever(store) == 1

    async def test_a_closed_store_says_so(self, store: Store) -> None:
        await store.close()
        with pytest.raises(StoreError, match="was closed"):
            await store.get([Key("p", "a")])

    async def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="no-such-folder"):
            await SqliteStore.open(tmp_path / "no-such-folder" / "kefu.db")

    def test_a_file_that_is_no_database_is_refused(self, path: Path) -> None:
        path.write_text("a letter")
        with pytest.raises(NotAStoreFile):
            asyncio.run(SqliteStore.open(path))

    def test_a_database_of_someone_else_is_refused_and_left_alone(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as theirs:
            theirs.execute("CREATE TABLE records (partition, sort)")
        before = path.read_bytes()
        with pytest.raises(NotAStoreFile):
            asyncio.run(SqliteStore.open(path))
        assert path.read_bytes() == before


class TestFormats:
    NEXT = (*STEPS, ("CREATE TABLE extra (x)", "CREATE INDEX records_by_version ON records (version)"))
    BROKEN = (*STEPS, ("CREATE TABLE extra (x)", "CREATE TABLE records (there, already)"))

    @pytest.fixture
    async def filled(self, path: Path) -> Path:
        async with opened(path) as store:
            await commit(store, put("p", "a", "kept"))
        return path

    @pytest.fixture
    def first_version(self, tmp_path: Path) -> Path:
        path = tmp_path / "first.db"
        with closing(sqlite3.connect(path)) as file:
            file.executescript(FIRST_VERSION)
        return path

    def test_an_empty_file_becomes_a_store(self, path: Path) -> None:
        path.touch()
        assert asyncio.run(read_all(path, "p")) == set()

    def test_an_older_file_gets_the_steps_it_lacks(self, filled: Path) -> None:
        with closing(open_file(filled, busy_timeout_ms=0, steps=self.NEXT)) as upgraded:
            told = upgraded.execute("SELECT value FROM records INDEXED BY records_by_version WHERE version = 1")
            assert told.fetchall() == [("kept",)]

    async def test_a_file_of_the_first_version_keeps_its_records(self, first_version: Path) -> None:
        async with opened(first_version) as store:
            assert await value_of(store, "p", "b") == "kept too"

    async def test_a_file_of_the_first_version_keeps_its_changes(self, first_version: Path) -> None:
        async with opened(first_version) as store:
            epoch, _, last = (await store.position()).rpartition("-")
            told = await read_changes(store, f"{epoch}-0", "b")
            assert ([each.key.sort for each in told], last) == (["a", "b"], "2")

    async def test_a_position_that_the_first_version_gave_is_refused(self, first_version: Path) -> None:
        async with opened(first_version) as store:
            with pytest.raises(PositionExpired):
                await read_changes(store, "1", "b")

    async def test_an_upgraded_file_is_like_a_new_one(self, first_version: Path, filled: Path) -> None:
        async with opened(first_version):
            assert tables(first_version) == tables(filled)

    async def test_an_upgraded_file_has_an_epoch_of_its_own(self, first_version: Path, tmp_path: Path) -> None:
        twin = tmp_path / "twin.db"
        shutil.copy(first_version, twin)
        async with opened(first_version) as one, opened(twin) as other:
            assert await one.position() != await other.position()

    async def test_many_may_make_a_file_together(self, path: Path) -> None:
        async with AsyncExitStack() as stack:
            stores = await asyncio.gather(*(stack.enter_async_context(opened(path)) for _ in range(MAKERS)))
            positions = await asyncio.gather(*(each.position() for each in stores))
            assert positions == [positions[0]] * MAKERS

    async def test_making_a_file_waits_for_its_lock(self, path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            asyncio.get_running_loop().call_later(0.1, other.rollback)
            async with opened(path) as store:
                assert await changes_ever(store) == 0

    async def test_a_step_that_fails_leaves_the_file_as_it_was(self, filled: Path) -> None:
        with pytest.raises(sqlite3.OperationalError, match="already exists"):
            open_file(filled, busy_timeout_ms=0, steps=self.BROKEN)
        async with opened(filled) as store:
            assert await value_of(store, "p", "a") == "kept"
        open_file(filled, busy_timeout_ms=0, steps=self.NEXT).close()

    async def test_a_file_of_a_newer_version_is_refused(self, filled: Path) -> None:
        open_file(filled, busy_timeout_ms=0, steps=self.NEXT).close()
        with pytest.raises(StoreFileTooNew, match="use a newer Kefu") as caught:
            await SqliteStore.open(filled)
        assert (caught.value.version, caught.value.known) == (len(self.NEXT), len(STEPS))


class TestProcesses:
    def test_no_increment_of_many_processes_is_lost(self, path: Path) -> None:
        running = [start("increment", path) for _ in range(PROCESSES)]
        for process in running:
            last_words(process, within_s=60)
        assert [process.returncode for process in running] == [0] * PROCESSES
        assert asyncio.run(read_all(path, "sum")) == {str(PROCESSES * INCREMENTS)}

    def test_what_was_answered_before_a_kill_is_there(self, path: Path) -> None:
        for life in range(3):
            with start("number", path, str(life)) as process:
                assert process.stdout is not None
                answered = {process.stdout.readline().strip() for _ in range(random.randint(1, 60))}
                process.kill()
                answered |= {line.strip() for line in process.stdout if line.endswith("\n")}
            assert answered <= asyncio.run(read_all(path, f"life-{life}"))


class TestAgainstMemory:
    @settings(max_examples=30, deadline=None)
    @given(st.lists(commits(), max_size=12))
    async def test_sqlite_and_memory_answer_alike(self, done: list[list[Write]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with opened(Path(folder) / "kefu.db") as sqlite:
                memory = MemoryStore()
                starts = [await store.position() for store in (sqlite, memory)]
                for number, writes in enumerate(done):
                    assert await outcome(sqlite, writes, str(number)) == await outcome(memory, writes, str(number))
                assert await everything(sqlite, starts[0]) == await everything(memory, starts[1])


async def changes_ever(store: Store) -> int:
    return int((await store.position()).rpartition("-")[2])


def backup_of(path: Path) -> Path:
    return path.with_suffix(".backup")


def back_up(path: Path) -> None:
    with closing(sqlite3.connect(backup_of(path))) as backup, closing(sqlite3.connect(path)) as original:
        original.backup(backup)


def restore(path: Path) -> None:
    shutil.copy(backup_of(path), path)


def tables(path: Path) -> dict[str, str]:
    """Tables and indexes by name, whatever the line breaks."""
    with closing(sqlite3.connect(path)) as file:
        found = file.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return {name: " ".join(sql.replace("(", " ( ").replace(")", " ) ").split()) for name, sql in found}


async def outcome(store: Store, writes: list[Write], token: str) -> tuple[Key, ...] | None:
    try:
        await store.commit(writes, token=token)
    except Conflict as conflict:
        return conflict.keys
    return None


async def everything(store: Store, start: str) -> list[object]:
    ends = [("", None), ("a", None), ("a", "售"), ("1", "2"), ("", "a#")]
    seen: list[object] = []
    for (after, before), limit, newest_first in product(ends, (1, 3, 100), (False, True)):
        seen.extend(
            [
                await store.scan(p, Span(after=after, before=before, limit=limit, newest_first=newest_first), order=o)
                for p, o in product("pq", Order)
            ]
        )
        seen.append(await store.listing("i", Span(after=after, before=before, limit=limit, newest_first=newest_first)))
        seen.append(await store.count("p", Span(after=after, before=before, limit=limit)))
    return [*seen, await all_changes(store, start)]


async def all_changes(store: Store, start: str) -> list[Change]:
    """Their positions left out: those are each backend's own."""
    await store.commit([put("end", "end")], token="the-end")
    return [change._replace(position="") for change in await read_changes(store, start, "end")]


def start(task: str, path: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, __file__, task, str(path), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603  # this very file


async def read_all(path: Path, partition: str) -> set[str]:
    async with opened(path) as store:
        return {each.value for each in (await store.scan(partition, Span(limit=100_000))).records}


async def increment(path: Path) -> None:
    """A process of its own: adds to one counter that others add to as well."""
    async with opened(path) as store:
        for _ in range(INCREMENTS):
            while not await incremented(store):
                pass


async def incremented(store: Store) -> bool:
    [found] = await store.get([Key("sum", "sum")])
    value, expect = (int(found.value), found.version) if found else (0, Expect.ABSENT)
    try:
        await store.commit([put("sum", "sum", str(value + 1), expect)], token=uuid.uuid4().hex)
    except Conflict:
        return False
    return True


async def number(path: Path, life: str) -> None:
    """A process of its own: commits numbered records side by side and tells each answer, until it is killed."""
    async with opened(path) as store:
        await asyncio.gather(*(number_lane(store, f"life-{life}", first) for first in range(LANES)))


async def number_lane(store: Store, partition: str, first: int) -> None:
    for count in range(first, 100_000, LANES):
        await store.commit([put(partition, str(count), str(count))], token=uuid.uuid4().hex)
        print(count, flush=True)  # noqa: T201  # the parent reads it


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["increment", file]:
            asyncio.run(increment(Path(file)))
        case ["number", file, life]:
            asyncio.run(number(Path(file), life))
