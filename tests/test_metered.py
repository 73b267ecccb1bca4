"""What stands around the store and the way out counts, and changes nothing of what goes through."""

import pytest

from kefu.feed.outgoing import NotTaken, Outgoing
from kefu.metrics.meter import Meter
from kefu.metrics.metered import MeteredStore, metered_post
from kefu.store.memory import MemoryStore
from kefu.store.port import Conflict, Expect, Key, Put, Record

OUTGOING = Outgoing(url="https://hooks.example/", body=b"{}")


def counted(meter: Meter, name: str) -> list[str]:
    return [line for line in meter.text().splitlines() if line.startswith(name) and not line.endswith(" 0")]


async def test_a_refused_commit_is_counted_and_refused() -> None:
    meter = Meter()
    store = MeteredStore(MemoryStore(lambda: 0), meter)
    put = Put(Record(key=Key("p", "s"), value="{}"), Expect.ABSENT)
    await store.commit([put], token=None)
    with pytest.raises(Conflict):
        await store.commit([put], token=None)
    assert counted(meter, "kefu_commits_total") == [
        'kefu_commits_total{outcome="conflict"} 1',
        'kefu_commits_total{outcome="done"} 1',
    ]


async def test_a_webhook_that_takes_an_event_and_one_that_does_not_are_told_apart() -> None:
    meter = Meter()

    async def takes(_outgoing: Outgoing, /) -> None:
        pass

    async def refuses(_outgoing: Outgoing, /) -> None:
        raise NotTaken("HTTP 500")

    await metered_post(takes, meter)(OUTGOING)
    with pytest.raises(NotTaken):
        await metered_post(refuses, meter)(OUTGOING)
    assert counted(meter, "kefu_webhook_posts_total") == [
        'kefu_webhook_posts_total{outcome="not_taken"} 1',
        'kefu_webhook_posts_total{outcome="taken"} 1',
    ]


def test_a_duration_is_in_the_bucket_that_it_just_reaches_and_in_all_longer_ones() -> None:
    meter = Meter()
    for seconds in (0.25, 0.26, 60.0):
        meter.took("graphql", seconds)
    buckets = [line.rpartition(" ")[2] for line in counted(meter, "kefu_http_request_duration_seconds_bucket")]
    assert buckets == ["1", "2", "2", "2", "2", "2", "3"]
    assert counted(meter, "kefu_http_request_duration_seconds_sum")[0].endswith(" 60.51")
