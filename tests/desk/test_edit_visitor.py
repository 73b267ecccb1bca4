"""Who may write into a visitor's card, and that it lasts."""

import pytest
from shop import PARTNER, TENANT, Shop

from kefu.desk.call import Call, Caller, Once, Role
from kefu.desk.edit_visitor import edit_visitor
from kefu.domain.refusals import Declined, Invalid
from kefu.domain.visitor import Visitor
from kefu.records import visitors


@pytest.fixture
async def shop(g1_and_presales: Shop) -> Shop:
    return g1_and_presales


def agent(name: str) -> Caller:
    return Caller(tenant=TENANT, role=Role.AGENT, user_name=name)


async def edit(shop: Shop, fields: dict[str, str], by: Caller = PARTNER, once: Once | None = None) -> None:
    await shop.step(edit_visitor(shop.desk, Call(by=by, once=once), "V", fields))


async def card_of(shop: Shop) -> Visitor | None:
    loaded = await visitors.load(shop.desk.store, TENANT, "V")
    return loaded.value if loaded else None


async def say(shop: Shop, **card: str) -> None:
    await shop.ingest("V", ext={"weichat": {"visitor": card}})


async def test_what_an_agent_wrote_stays_and_the_rest_follows_the_app(shop: Shop) -> None:
    await say(shop, userNickname="小明", qq="1")
    await edit(shop, {"nickname": "明先生"})
    await say(shop, userNickname="小红", qq="2")
    card = await card_of(shop)
    assert card
    assert (card.profile.nickname, card.profile.qq) == ("明先生", "2")


async def test_a_visitor_who_never_said_a_thing_has_a_card_from_then_on(shop: Shop) -> None:
    await edit(shop, {"description": "calls on Mondays"})
    card = await card_of(shop)
    assert card
    assert card.profile.description == "calls on Mondays"


async def test_an_agent_may_blank_a_field_for_good(shop: Shop) -> None:
    await say(shop, qq="1")
    await edit(shop, {"qq": ""})
    await say(shop, qq="2")
    card = await card_of(shop)
    assert card
    assert card.profile.qq == ""


async def test_the_agent_who_serves_him_may(shop: Shop) -> None:
    await shop.write("V", agentUsername="a")
    await edit(shop, {"nickname": "x"}, agent("A"))
    card = await card_of(shop)
    assert card
    assert card.profile.nickname == "x"


@pytest.mark.parametrize("by", [agent("b"), agent("nobody"), Caller(tenant=TENANT, role=Role.VISITOR, user_name="V")])
async def test_nobody_else_may(shop: Shop, by: Caller) -> None:
    await shop.write("V", agentUsername="a")
    with pytest.raises(Declined):
        await edit(shop, {"nickname": "x"}, by)
    assert await card_of(shop) is None


@pytest.mark.parametrize("fields", [{"shoe_size": "44"}, {"qq": "x" * 20_000}, {"qq": "\ud800"}])
async def test_what_a_profile_cannot_hold_is_refused(shop: Shop, fields: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        await edit(shop, fields)
    assert await card_of(shop) is None


@pytest.mark.parametrize("text", ["x" * 20_000, "\ud800"])
async def test_a_refusal_names_the_field_of_the_profile(shop: Shop, text: str) -> None:
    with pytest.raises(Invalid, match="qq") as refused:
        await edit(shop, {"qq": text})
    assert refused.value.field == ("qq",)


async def test_a_repeated_call_is_done_once(shop: Shop) -> None:
    once = Once(key="k", fingerprint="f")
    await edit(shop, {"nickname": "first"}, once=once)
    await edit(shop, {"nickname": "second"})
    await edit(shop, {"nickname": "first"}, once=once)
    card = await card_of(shop)
    assert card
    assert card.profile.nickname == "second"
