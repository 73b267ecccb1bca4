"""Once per client message id, however many came since and whichever session they went to."""

import pytest
from shop import TENANT, Shop

from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.seen_messages import find_seen, older_seen
from kefu.domain.bounds import SEEN_FOR, SEEN_INLINE_MAX
from kefu.domain.channel import Channel
from kefu.records import keys, sessions
from kefu.store.port import Expect, Key, Put, Record


async def test_an_id_counts_long_after_it_left_the_sessions_own_record(shop: Shop) -> None:
    first = await shop.ingest("V", client_message_id="first")
    for number in range(3 * SEEN_INLINE_MAX):
        await shop.ingest("V", client_message_id=f"m{number}")
    again = await shop.ingest("V", client_message_id="first")
    assert (again.is_duplicate, again.seq) == (True, first.seq)


async def test_ids_of_one_millisecond_are_all_kept(shop: Shop) -> None:
    call = shop.call()
    for number in range(3 * SEEN_INLINE_MAX):
        await ingest_message(shop.desk, call, IncomingMessage(visitor="V", client_message_id=f"m{number}"))
    again = await ingest_message(shop.desk, call, IncomingMessage(visitor="V", client_message_id="m0"))
    assert again.is_duplicate


async def test_an_id_counts_across_sessions(shop: Shop) -> None:
    await shop.agent("c")
    first = await shop.ingest("V", client_message_id="m")
    await shop.close(first.session)
    await shop.ingest("V", client_message_id="other")
    assert (await shop.ingest("V", client_message_id="m")).session == first.session


async def test_an_id_may_be_used_again_after_its_time(shop: Shop) -> None:
    await shop.ingest("V", client_message_id="m")
    shop.clock.advance(SEEN_FOR)
    assert not (await shop.ingest("V", client_message_id="m")).is_duplicate


async def test_another_channel_has_ids_of_its_own(shop: Shop) -> None:
    await shop.ingest("V", client_message_id="m")
    assert not (await shop.ingest("V", client_message_id="m", channel=Channel.WEB)).is_duplicate


async def test_ids_that_were_kept_in_another_way_are_passed_over(shop: Shop) -> None:
    for number in range(SEEN_INLINE_MAX + 1):
        await shop.ingest("V", client_message_id=f"m{number}")
    old = '[{"client_message_id":"m","ordinal":1,"session_id":"s","seq":2,"at":1}]'
    key = Key(keys.visitor_partition(TENANT, "V"), f"SEEN#APP#{keys.instant(shop.clock.now())}#0000000001#0000000002")
    await shop.desk.store.commit([Put(Record(key=key, value=old), Expect.ABSENT)], token=None)
    assert (await shop.ingest("V", client_message_id="m0")).is_duplicate


async def test_of_more_records_of_ids_than_are_read_the_newest_count(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kefu.desk.seen_messages.SEEN_MARKS_MAX", 2)
    for number in range(4 * SEEN_INLINE_MAX):
        await shop.ingest("V", client_message_id=f"m{number}")
    ids = [f"m{number}" for number in range(4 * SEEN_INLINE_MAX)]
    known = [name for name in ids if (await is_known(shop, name))]
    assert known == ids[-2 * SEEN_INLINE_MAX :]


async def is_known(shop: Shop, client_message_id: str) -> bool:
    latest = await sessions.newest(shop.desk.store, TENANT, "V", Channel.APP)
    older = await older_seen(shop.desk, TENANT, latest, client_message_id)
    return find_seen(latest, older, client_message_id, shop.clock.now()) is not None
