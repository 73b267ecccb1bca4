"""The stream's records as the event that Lambda makes of them, and what its function's answer says of them."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from kefu.local_aws.bounds import EVENT_BYTES_MAX

Record: TypeAlias = Mapping[str, Any]
_ENVELOPE_BYTES = 64


def as_told(record: Record, stream: str) -> dict[str, Any]:
    """A record as boto3 reads it, in JSON's own types."""
    told: dict[str, Any] = _plain(record)
    return {**told, "eventSourceARN": stream}


def batches(records: Sequence[Record], size: int) -> Iterator[list[Record]]:
    """In order, each within what a function can be called with."""
    batch: list[Record] = []
    weight = _ENVELOPE_BYTES
    for record in records:
        own = len(msgspec.json.encode(record)) + 1
        if batch and (len(batch) == size or weight + own > EVENT_BYTES_MAX):
            yield batch
            batch, weight = [], _ENVELOPE_BYTES
        batch.append(record)
        weight += own
    if batch:
        yield batch


def sequence_of(record: Record) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def first_failed(returned: bytes, batch: Sequence[Record]) -> int | None:
    """The place from which on the batch is to be told again; None if all is done.

    What cannot be understood is a failure of the whole batch, as on AWS.
    """
    try:
        given = msgspec.json.decode(returned)
        failures = given.get("batchItemFailures") if isinstance(given, dict) else None
        if not failures:
            return None
        places = {sequence_of(record): place for place, record in enumerate(batch)}
        return min(places[failure["itemIdentifier"]] for failure in failures)
    except (msgspec.DecodeError, KeyError, TypeError):
        return 0


def dead_letter(batch: Sequence[Record], *, shard: str, stream: str, function: str, tries: int) -> dict[str, Any]:
    """As it comes to a queue: where the records are, not what they say."""
    return {
        "requestContext": {
            "functionArn": function,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": tries,
        },
        "version": "1.0",
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": sequence_of(batch[0]),
            "endSequenceNumber": sequence_of(batch[-1]),
            "batchSize": len(batch),
            "streamArn": stream,
        },
    }


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return int(value.timestamp())
        case bytes() | bytearray():
            return base64.b64encode(value).decode()
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case list() | tuple() | set():
            return [_plain(each) for each in value]
        case _:
            return value
