"""Ratings: asked for, given once by whoever may, kept apart where they do not count."""

from dataclasses import replace

import pytest
from shop import PARTNER, TENANT, Shop

from kefu.desk.call import Call, Caller, Role
from kefu.desk.ratings import invite_rating, rate_or_keep_apart, submit_rating
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.channel import Channel
from kefu.domain.directory import ChannelSettings
from kefu.domain.instants import HOUR
from kefu.domain.log import EventKind as Kind
from kefu.domain.rating import InvalidRatingReason, RatingAnswers, tally
from kefu.domain.refusals import Refusal, RefusalCode
from kefu.domain.session_ref import SessionRef
from kefu.records import keys, ratings
from kefu.store.port import Span

VISITOR = Caller(tenant=TENANT, role=Role.VISITOR, user_name="V")
AGENT = Caller(tenant=TENANT, role=Role.AGENT, user_name="a")


@pytest.fixture
async def shop(g1_and_presales: Shop) -> Shop:
    return g1_and_presales


@pytest.fixture
async def served(shop: Shop) -> SessionRef:
    """V's session, which agent a has."""
    return await shop.write("V", queueName="G1")


async def rate(shop: Shop, ref: SessionRef, stars: int, by: Caller = VISITOR) -> None:
    answers = RatingAnswers(stars=stars, comment="谢谢")
    await shop.step(submit_rating(shop.desk, Call(by=by), ref, answers))


async def refused(shop: Shop, ref: SessionRef, stars: int = 5, by: Caller = VISITOR) -> RefusalCode:
    before = await shop.kinds(ref)
    with pytest.raises(Refusal) as refusal:
        await rate(shop, ref, stars, by)
    assert await shop.kinds(ref) == before
    return refusal.value.code


@pytest.mark.parametrize("by", [VISITOR, PARTNER])
async def test_a_rating_is_in_the_log_and_in_the_session(shop: Shop, served: SessionRef, by: Caller) -> None:
    await rate(shop, served, 4, by)
    assert (await shop.kinds(served))[-1] is Kind.RATED
    assert (await shop.session(served)).rating == 4
    kept = await ratings.load(shop.desk.store, TENANT, served.id)
    assert kept is not None
    assert (kept.agent, kept.skill_group, kept.answers.stars, kept.answers.comment) == (
        "a", shop.groups["G1"], 4, "谢谢",
    )  # fmt: skip


async def test_a_rating_may_follow_the_end(shop: Shop, served: SessionRef) -> None:
    await shop.close(served)
    await rate(shop, served, 5)
    assert (await shop.kinds(served))[-2:] == [Kind.SESSION_END, Kind.RATED]


async def test_a_second_rating_is_refused(shop: Shop, served: SessionRef) -> None:
    await rate(shop, served, 5)
    assert await refused(shop, served, 1) is RefusalCode.RATING_EXISTS
    assert (await shop.session(served)).rating == 5


async def test_until_the_last_moment_of_the_window_a_session_can_be_rated(shop: Shop, served: SessionRef) -> None:
    await shop.close(served)
    shop.clock.advance(8 * HOUR - 1)  # a step takes a millisecond
    await rate(shop, served, 5)
    assert (await shop.session(served)).rating == 5


async def test_behind_the_window_a_session_cannot_be_rated(shop: Shop, served: SessionRef) -> None:
    await shop.close(served)
    shop.clock.advance(8 * HOUR)
    assert await refused(shop, served) is RefusalCode.RATING_TOO_LATE


async def test_the_window_is_the_tenants_setting(shop: Shop, served: SessionRef) -> None:
    await shop.settings(rating_window_ms=HOUR)
    await shop.close(served)
    shop.clock.advance(HOUR)
    assert await refused(shop, served) is RefusalCode.RATING_TOO_LATE


@pytest.mark.parametrize("stars", [0, 6, -1])
async def test_what_is_no_score_is_refused(shop: Shop, served: SessionRef, stars: int) -> None:
    assert await refused(shop, served, stars) is RefusalCode.INVALID_INPUT


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
async def test_whoever_serves_does_not_rate(shop: Shop, served: SessionRef, role: Role) -> None:
    assert await refused(shop, served, by=replace(AGENT, role=role)) is RefusalCode.NOT_ALLOWED


async def test_another_visitors_session_is_not_there_to_rate(shop: Shop, served: SessionRef) -> None:
    other = replace(VISITOR, user_name="W")
    assert await refused(shop, served, by=other) is RefusalCode.SESSION_NOT_FOUND


async def test_a_session_that_nobody_served_cannot_be_rated(shop: Shop) -> None:
    await shop.settings(channels=(ChannelSettings(channel=Channel.WEB, has_bot=True),))
    ref = (await shop.ingest("V", "你好", channel=Channel.WEB)).session
    assert await refused(shop, ref) is RefusalCode.RATING_NOT_POSSIBLE


async def test_an_agent_invites_to_rate(shop: Shop, served: SessionRef) -> None:
    await shop.step(invite_rating(shop.desk, Call(by=AGENT), served))
    assert (await shop.kinds(served))[-1] is Kind.RATING_INVITED


async def test_who_has_rated_is_not_invited(shop: Shop, served: SessionRef) -> None:
    await rate(shop, served, 5)
    with pytest.raises(Refusal) as refusal:
        await invite_rating(shop.desk, Call(by=AGENT), served)
    assert refusal.value.code is RefusalCode.RATING_EXISTS


async def test_a_visitor_invites_nobody(shop: Shop, served: SessionRef) -> None:
    with pytest.raises(Refusal) as refusal:
        await invite_rating(shop.desk, Call(by=VISITOR), served)
    assert refusal.value.code is RefusalCode.NOT_ALLOWED


async def test_the_end_invites_to_rate_where_the_tenant_wants_it(shop: Shop, served: SessionRef) -> None:
    await shop.settings(invites_rating_at_close=True)
    await shop.close(served)
    assert (await shop.kinds(served))[-3:] == [Kind.RATING_INVITED, Kind.AGENT_END, Kind.SESSION_END]


async def test_the_end_invites_nobody_unless_the_tenant_wants_it(shop: Shop, served: SessionRef) -> None:
    await shop.close(served)
    assert Kind.RATING_INVITED not in await shop.kinds(served)


async def test_the_end_of_a_rated_session_invites_nobody(shop: Shop, served: SessionRef) -> None:
    await shop.settings(invites_rating_at_close=True)
    await rate(shop, served, 5)
    await shop.close(served)
    assert Kind.RATING_INVITED not in await shop.kinds(served)


async def test_the_agent_who_had_it_when_it_was_rated_is_the_one_rated(shop: Shop, served: SessionRef) -> None:
    await rate(shop, served, 5)
    await shop.step(transfer_session(shop.desk, shop.call(), served, TransferTarget(agent="b")))
    kept = await ratings.load(shop.desk.store, TENANT, served.id)
    assert kept is not None
    assert kept.agent == "a"


async def test_what_does_not_count_is_kept_apart(shop: Shop, served: SessionRef) -> None:
    await shop.step(rate_or_keep_apart(shop.desk, Call(by=VISITOR), served, None, score="六", comment=""))
    await shop.close(served)
    shop.clock.advance(8 * HOUR)
    late = RatingAnswers(stars=5)
    await shop.step(rate_or_keep_apart(shop.desk, Call(by=VISITOR), served, late, score="5", comment=""))
    kept = await ratings.invalid_of(shop.desk.store, TENANT, served.id)
    assert [(each.reason, each.score) for each in kept] == [
        (InvalidRatingReason.NO_SCORE, "六"), (InvalidRatingReason.TOO_LATE, "5"),
    ]  # fmt: skip
    assert (await shop.session(served)).rating is None
    span = kept[0].at, kept[1].at
    assert await ratings.invalid_between(shop.desk.store, TENANT, *span, 9) == 1
    assert await ratings.invalid_between(shop.desk.store, TENANT, span[0], span[1] + 1, 9) == 2


async def test_of_ratings_that_do_not_count_a_session_keeps_twenty(shop: Shop, served: SessionRef) -> None:
    for _ in range(22):
        await rate_or_keep_apart(shop.desk, Call(by=VISITOR), served, None, score="?", comment="")
    after, before = keys.INVALID_RATINGS
    partition = keys.log_partition(TENANT, served.id)
    assert await shop.desk.store.count(partition, Span(after=after, before=before, limit=99)) == 20


async def test_averages_are_made_of_what_counts_in_the_span(shop: Shop) -> None:
    refs = [await shop.write(visitor, agentUsername=agent) for visitor, agent in (("V", "a"), ("W", "b"), ("X", "c"))]
    for ref, stars in zip(refs, (5, 2, 4), strict=True):
        await rate(shop, ref, stars, PARTNER)
    since = (await shop.session(refs[0])).started_at
    found, has_more = await ratings.between(shop.desk.store, TENANT, since, shop.clock.now() + 1, 10)
    averages = {name: each.average for name, each in tally((each.agent or "", each) for each in found).items()}
    assert (averages, has_more) == ({"a": 5.0, "b": 2.0, "c": 4.0}, False)
    one, has_more = await ratings.between(shop.desk.store, TENANT, since, shop.clock.now() + 1, 1)
    assert ([each.answers.stars for each in one], has_more) == ([5], True)
    none, _ = await ratings.between(shop.desk.store, TENANT, since, found[0].at, 10)
    assert none == []
