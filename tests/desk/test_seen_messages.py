"""Once per client message id, however many came since and whichever session they went to."""

from shop import Shop

from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.domain.bounds import SEEN_FOR, SEEN_INLINE_MAX
from kefu.domain.channel import Channel


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
