"""A service in place of DynamoDB, for what no engine shows. It stands where boto3's client would."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

TABLE = "kefu"
LABEL = "2026-11-21T00:00:00.000"


def refusal(
    code: str, say: str = "", *, status: int = 400, reasons: tuple[str, ...] = (), retries: int = 0
) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": say},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": retries},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(answer, "TransactWriteItems")


class Failing:
    """Answers whatever is asked with one error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, _operation: str) -> Callable[..., Any]:
        return self._fail

    def close(self) -> None:
        pass

    def _fail(self, **_request: Any) -> Any:
        raise self._error


@dataclass(slots=True)
class FakeShard:
    parent: str | None = None
    is_closed: bool = False
    records: list[dict[str, Any]] = field(default_factory=list)
    trimmed: int = 0
    """So many of the oldest are gone."""


class FakeStreams:
    """A table's stream whose shards a test opens, splits and trims."""

    def __init__(self, *names: str) -> None:
        self.shards = {name: FakeShard() for name in names}
        self.label = LABEL
        self.page = 1_000
        self.errors: list[ClientError] = []
        """What the next reads of records answer."""
        self.iterators_of_old = 0
        self._sequence = 100
        self._iterators = 0

    def tell(self, shard: str, sort: str, at_ms: int) -> None:
        """A record came into being."""
        self._sequence += 1
        item = {"pk": {"S": "p"}, "sk": {"S": sort}, "value": {"S": "{}"}, "version": {"N": "1"}}
        told = {
            "Keys": {"pk": item["pk"], "sk": item["sk"]},
            "NewImage": item,
            "SequenceNumber": str(self._sequence),
            "ApproximateCreationDateTime": datetime.fromtimestamp(at_ms // 1_000, UTC),
        }
        self.shards[shard].records.append({"dynamodb": told})

    def split(self, shard: str, *children: str) -> None:
        self.shards[shard].is_closed = True
        self.shards |= {child: FakeShard(shard) for child in children}

    def expire_iterators(self) -> None:
        self.iterators_of_old = self._iterators

    def close(self) -> None:
        pass

    def describe_table(self, **_request: Any) -> Any:
        stream = {"LatestStreamArn": "arn", "LatestStreamLabel": self.label} if self.label else {}
        return {"Table": {"TableStatus": "ACTIVE", **stream}}

    def describe_stream(self, **request: Any) -> Any:
        """One shard at a time."""
        names = [name for name in self.shards if name > request.get("ExclusiveStartShardId", "")]
        description: dict[str, Any] = {"Shards": [self._described(name) for name in sorted(names)[:1]]}
        if len(names) > 1:
            description["LastEvaluatedShardId"] = min(names)
        return {"StreamDescription": description}

    def get_shard_iterator(self, **request: Any) -> Any:
        shard = self.shards[request["ShardId"]]
        match request["ShardIteratorType"]:
            case "LATEST":
                place = len(shard.records)
            case "TRIM_HORIZON":
                place = shard.trimmed
            case _:
                place = self._behind(shard, request["SequenceNumber"])
        return {"ShardIterator": self._iterator(request["ShardId"], place)}

    def get_records(self, **request: Any) -> Any:
        if self.errors:
            raise self.errors.pop()
        number, name, place = request["ShardIterator"].split("/")
        shard = self.shards[name]
        if int(number) <= self.iterators_of_old:
            raise refusal("ExpiredIteratorException")
        if int(place) < shard.trimmed:
            raise refusal("TrimmedDataAccessException")
        records = shard.records[int(place) :][: self.page]
        end = int(place) + len(records)
        is_over = shard.is_closed and end == len(shard.records)
        return {"Records": records} | ({} if is_over else {"NextShardIterator": self._iterator(name, end)})

    def _described(self, name: str) -> dict[str, Any]:
        shard = self.shards[name]
        numbers = {"StartingSequenceNumber": "1"} | ({"EndingSequenceNumber": "2"} if shard.is_closed else {})
        return {"ShardId": name, "SequenceNumberRange": numbers} | (
            {"ParentShardId": shard.parent} if shard.parent else {}
        )

    def _behind(self, shard: FakeShard, sequence: str) -> int:
        for place, record in enumerate(shard.records):
            if record["dynamodb"]["SequenceNumber"] == sequence and place >= shard.trimmed:
                return place + 1
        raise refusal("TrimmedDataAccessException")

    def _iterator(self, shard: str, place: int) -> str:
        self._iterators += 1
        return f"{self._iterators}/{shard}/{place}"
