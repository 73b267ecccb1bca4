"""An event source mapping: reads the table's stream and tells it to a function, in order of each shard."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, Protocol

from kefu.local_aws import stream_records
from kefu.local_aws.functions import EventTooLarge, FunctionFailed, TooBusy
from kefu.local_aws.options import StreamOptions
from kefu.local_aws.stream_records import Record
from kefu.store.dynamodb_transport import Refused, Transport, Unanswered
from kefu.store.port import StoreError

SLACK_MS = 60_000
"""Engines round the times of records down. What was told before this start may be told again."""
RETRY_AFTER_MAX_S = 5.0
LETTERS_MAX = 1_000
SHARDS_EVERY_S = 1.0

log = logging.getLogger(__name__)


class Invoked(Protocol):
    @property
    def name(self) -> str: ...

    async def invoke(self, event: dict[str, Any]) -> bytes:
        """Raises `FunctionFailed`, `EventTooLarge`, `TooBusy`."""
        ...


class StreamMapping:
    def __init__(self, table: str, transport: Transport, function: Invoked, options: StreamOptions) -> None:
        self._table = table
        self._transport = transport
        self._function = function
        self._options = options
        self._since_ms = time.time_ns() // 1_000_000 - SLACK_MS
        self._stream = ""
        self._finished: set[str] = set()
        self.dead_letters: list[dict[str, Any]] = []
        """The last of them."""

    async def run(self) -> None:
        """For ever. A failure to read is tried again."""
        async with asyncio.TaskGroup() as lanes:
            begun: set[str] = set()
            while True:
                for shard, parent in await self._shards():
                    is_next = parent is None or parent not in begun or parent in self._finished
                    if shard not in begun and is_next:
                        begun.add(shard)
                        lanes.create_task(self._follow(shard))
                await asyncio.sleep(SHARDS_EVERY_S)

    async def _shards(self) -> list[tuple[str, str | None]]:
        try:
            if not self._stream:
                table = (await self._transport.call("DescribeTable", {"TableName": self._table}))["Table"]
                self._stream = table["LatestStreamArn"]
            found: list[tuple[str, str | None]] = []
            request = {"StreamArn": self._stream}
            while True:
                described = (await self._transport.call("DescribeStream", request))["StreamDescription"]
                found += [(each["ShardId"], each.get("ParentShardId")) for each in described["Shards"]]
                if "LastEvaluatedShardId" not in described:
                    return found
                request["ExclusiveStartShardId"] = described["LastEvaluatedShardId"]
        except (Refused, Unanswered, StoreError) as error:
            log.warning("the stream of %s cannot be read: %s", self._table, error)
            return []

    async def _follow(self, shard: str) -> None:
        """A shard from its beginning to its end, without what is older than this process."""
        iterator, reached = None, None
        while True:
            try:
                iterator = iterator or await self._iterator(shard, reached)
                answer = await self._transport.call("GetRecords", {"ShardIterator": iterator})
            except (Refused, Unanswered, StoreError) as error:
                log.info("shard %s is opened anew: %s", shard, error)
                iterator = None
                await asyncio.sleep(self._options.poll_s)
                continue
            records = [stream_records.as_told(each, self._stream) for each in answer["Records"] if self._is_told(each)]
            for batch in stream_records.batches(records, self._options.batch_size):
                await self._deliver(shard, batch)
            if answer["Records"]:
                reached = stream_records.sequence_of(answer["Records"][-1])
            iterator = answer.get("NextShardIterator")
            if iterator is None:
                self._finished.add(shard)
                return
            if not answer["Records"]:
                await asyncio.sleep(self._options.poll_s)

    async def _iterator(self, shard: str, reached: str | None) -> str:
        request = {"StreamArn": self._stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        if reached is not None:
            request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": reached}
        return str((await self._transport.call("GetShardIterator", request))["ShardIterator"])

    def _is_told(self, record: Record) -> bool:
        """It is news, and what is filtered for."""
        at_ms = record["dynamodb"]["ApproximateCreationDateTime"].timestamp() * 1_000
        passes: bool = record["dynamodb"]["Keys"]["sk"]["S"].startswith(self._options.sorts)
        return passes and at_ms >= self._since_ms

    async def _deliver(self, shard: str, batch: Sequence[Record]) -> None:
        """Nothing behind a record is told before it is done, or given up. A failing batch is halved down to the record."""
        tries = 0
        while batch:
            failed = await self._invoke(batch)
            if failed is None:
                return
            if failed > 0:
                batch, tries = batch[failed:], 0
                continue
            if len(batch) > 1:
                await self._deliver(shard, batch[: len(batch) // 2])
                batch = batch[len(batch) // 2 :]
                continue
            tries += 1
            if tries > self._options.retries:
                self._give_up(shard, batch, tries)
                return
            await asyncio.sleep(min(RETRY_AFTER_MAX_S, self._options.retry_after_s * 2 ** (tries - 1)))

    async def _invoke(self, batch: Sequence[Record]) -> int | None:
        """The first place that failed."""
        try:
            returned = await self._function.invoke({"Records": list(batch)})
        except (FunctionFailed, EventTooLarge, TooBusy) as failure:
            log.warning("%d records were not taken: %r", len(batch), failure)
            return 0
        return stream_records.first_failed(returned, batch)

    def _give_up(self, shard: str, batch: Sequence[Record], tries: int) -> None:
        letter = stream_records.dead_letter(
            batch, shard=shard, stream=self._stream, function=self._function.name, tries=tries
        )
        log.error("dead letter: %s", letter)
        self.dead_letters = [*self.dead_letters, letter][-LETTERS_MAX:]
