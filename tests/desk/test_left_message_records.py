"""Left messages in every store: listed while they wait, oldest first, and taken once; hours as they were set."""

from dataclasses import replace

import pytest
from shop import TENANT, Shop

from kefu.desk.attempts import commit
from kefu.desk.left_messages import MessageToLeave, leave_message
from kefu.desk.sweep import sweep
from kefu.domain.channel import Channel
from kefu.domain.instants import MINUTE
from kefu.domain.routing_keys import RoutingKeys
from kefu.domain.session_ref import SessionRef
from kefu.domain.working_hours import WorkingHours
from kefu.records import left_messages, sessions
from kefu.records.left_messages import LeftMessage
from kefu.store.port import Conflict, Span, Store
from left_behind import left_by

OTHER_TENANT = "20081"
CLOSED = WorkingHours(
    zone="Asia/Shanghai", weekly=(((540, 1_080),), (), (), (), (), (), ()), special=(("2001-01-01", ()),)
)


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def left(number: int, **given: object) -> LeftMessage:
    standard = {"id": f"m{number}", "visitor": f"v{number}", "text": "call me", "left_at": 1_000 + number}
    return LeftMessage(**(standard | given))  # type: ignore[arg-type]


async def listed(store: Store, tenant: str = TENANT, limit: int = 10, after: str = "") -> list[str]:
    page, _ = await left_messages.waiting(store, tenant, Span(limit=limit, after=after))
    return [each.id for each in page]


async def test_those_that_wait_are_listed_oldest_first_page_by_page_and_by_tenant(shop: Shop) -> None:
    for number in (3, 1, 2):
        await commit(shop.desk, [left_messages.write(TENANT, left(number))])
    await commit(shop.desk, [left_messages.write(OTHER_TENANT, left(0))])
    store = shop.desk.store
    assert await listed(store) == ["m1", "m2", "m3"]
    assert await listed(store, limit=2) == ["m1", "m2"]
    assert await listed(store, after=left_messages.listing_order(left(2))) == ["m3"]
    assert await listed(store, OTHER_TENANT) == ["m0"]


async def test_a_message_is_read_as_it_was_written(shop: Shop) -> None:
    message = left(1, phone="138", channel=Channel.WECHAT, keys=RoutingKeys(queue_name="售前", tags=("vip",)))
    await commit(shop.desk, [left_messages.write(TENANT, message)])
    loaded = await left_messages.load(shop.desk.store, TENANT, message)
    assert loaded is not None
    assert (loaded.value, loaded.version) == (message, 1)


async def test_one_that_came_in_is_listed_no_more_and_cannot_come_in_again(shop: Shop) -> None:
    await commit(shop.desk, [left_messages.write(TENANT, left(1))])
    done = replace(left(1), session=SessionRef("v1", Channel.WEB, 1, "s"))
    await commit(shop.desk, [left_messages.write(TENANT, done, 1)])
    assert await listed(shop.desk.store) == []
    assert await left_by(shop.desk.store, TENANT, "v1", 10) == [done]
    with pytest.raises(Conflict):
        await commit(shop.desk, [left_messages.write(TENANT, done, 1)])


async def test_hours_of_tenant_and_group_are_read_as_they_were_set(shop: Shop) -> None:
    await shop.settings(working_hours=CLOSED)
    directory = (await shop.desk.directories.load(shop.desk.store, TENANT)).directory
    assert directory.settings.working_hours == CLOSED


async def test_a_message_left_while_the_desk_was_closed_comes_in_once(shop: Shop) -> None:
    await shop.agent("c")
    await shop.settings(working_hours=CLOSED)
    declined = await shop.write("V")
    message = MessageToLeave(visitor="V", channel=Channel.APP, text="call me")
    await shop.step(leave_message(shop.desk, shop.call(), message))
    await shop.settings(working_hours=None)
    for _ in range(2):
        shop.clock.advance(MINUTE)
        await shop.step(sweep(shop.desk, TENANT))
    newest = await sessions.newest(shop.desk.store, TENANT, "V", Channel.APP)
    assert newest is not None
    assert newest.value.session.ref.ordinal == declined.ordinal + 1
    assert await shop.where(newest.value.session.ref) == "with c"
