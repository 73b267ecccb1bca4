"""Automatic binding: each sentence of routing.md's section, on memory, SQLite and DynamoDB."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from shop import BUSY, ONLINE, PARTNER, TENANT, Shop, weichat

from kefu.desk.binding_rules import delete_binding_rule, save_binding_rule
from kefu.desk.business_events import IncomingEvent, Recorded, record_business_event
from kefu.desk.call import Call, Caller, Once, Role
from kefu.desk.close_session import close_session
from kefu.desk.delete_agent import delete_agent
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.ratings import submit_rating
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.sweep import sweep
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.binding import Binding, BindingAct
from kefu.domain.binding_rules import AttributeCondition, BindingRule, BindingRuleAct, ClosedTally
from kefu.domain.binding_rules import BindingRuleEvent as Event
from kefu.domain.bounds import BINDING_HISTORY_MAX, COUNTED_SESSIONS_MAX
from kefu.domain.channel import Channel
from kefu.domain.instants import DAY, HOUR
from kefu.domain.rating import RatingAnswers
from kefu.domain.refusals import Declined, Invalid, Refusal, RefusalCode
from kefu.domain.session_ref import SessionRef
from kefu.records import binding_rules, bindings, keys
from kefu.store.port import Span, Store


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


@pytest.fixture
async def shop(shop: Shop) -> Shop:
    """Agents a and b in no group, with room for three and for none; b takes what is transferred to him."""
    await shop.agent("a", max_sessions=3)
    await shop.agent("b", max_sessions=3, status=BUSY)
    return shop


async def rule(shop: Shop, event: Event, name: str = "rule", **given: object) -> None:
    made = replace(BindingRule(name=name, event=event), **given)  # type: ignore[arg-type]
    await shop.step(save_binding_rule(shop.desk, shop.call(), name, lambda _: made))


async def serve(shop: Shop, visitor: str = "V", *, messages: int = 1, flag: str = "F", agent: str = "a") -> SessionRef:
    """A session from its beginning to its end."""
    ref = await shop.write(visitor, businessFlag=flag, agentUsername=agent)
    for _ in range(messages):
        await answer(shop, ref)
    await shop.close(ref)
    return ref


async def answer(shop: Shop, ref: SessionRef) -> None:
    await shop.step(send_message(shop.desk, shop.call(), OutgoingMessage(session=ref, text="您好")))


async def rate(shop: Shop, ref: SessionRef, stars: int) -> None:
    await shop.step(submit_rating(shop.desk, shop.call(), ref, RatingAnswers(stars=stars)))


async def happens(
    shop: Shop,
    name: str = "vip",
    attributes: Mapping[str, object] | None = None,
    *,
    flag: str | None = "F",
    agent: str | None = None,
    call: Call | None = None,
) -> Recorded:
    event = IncomingEvent(name=name, visitor="V", business_flag=flag, agent=agent, attributes=attributes)
    return await shop.step(record_business_event(shop.desk, call or shop.call(), event))


async def known(shop: Shop, flag: str = "F", visitor: str = "V") -> Binding | None:
    loaded = await bindings.load(shop.desk.store, TENANT, flag, visitor)
    return loaded.value if loaded else None


async def bound(shop: Shop, flag: str = "F", visitor: str = "V") -> str | None:
    binding = await known(shop, flag, visitor)
    return binding.agent if binding and binding.holds_at(shop.clock.now()) else None


async def history(shop: Shop) -> list[tuple[BindingAct, str, str, bool]]:
    binding = await known(shop)
    return [(each.act, each.agent, each.by, each.is_by_rule) for each in binding.history] if binding else []


async def test_a_first_reception_binds_a_visitor_never_served_before(shop: Shop) -> None:
    await rule(shop, Event.FIRST_RECEPTION)
    await shop.write("V", businessFlag="F")
    assert await bound(shop) == "a"


async def test_a_second_reception_is_no_first_one(shop: Shop) -> None:
    await rule(shop, Event.FIRST_RECEPTION)
    await serve(shop, flag="G")
    await shop.write("V", businessFlag="F")
    assert (await bound(shop, "G"), await bound(shop)) == ("a", None)


async def test_a_visitor_served_before_there_was_a_rule_was_served_before(shop: Shop) -> None:
    await serve(shop)
    await rule(shop, Event.FIRST_RECEPTION)
    await shop.write("V", businessFlag="F")
    assert await bound(shop) is None


async def test_a_visitor_who_only_waited_before_was_not_served(shop: Shop) -> None:
    await shop.close(await shop.write("V", businessFlag="F", agentUsername="b"))
    await rule(shop, Event.FIRST_RECEPTION)
    await shop.write("V", businessFlag="F")
    assert await bound(shop) == "a"


async def test_who_waited_is_received_when_an_agent_takes_him(shop: Shop) -> None:
    await rule(shop, Event.FIRST_RECEPTION)
    await shop.turn("a", BUSY)
    await shop.write("V", businessFlag="F")
    assert await bound(shop) is None
    await shop.turn("b", ONLINE)
    assert await bound(shop) == "b"


async def test_a_session_closed_with_enough_agent_messages_is_an_effective_reception(shop: Shop) -> None:
    await rule(shop, Event.EFFECTIVE_RECEPTION, agent_messages_min=2)
    await serve(shop, messages=1)
    assert await bound(shop) is None
    await serve(shop, messages=2)
    assert await bound(shop) == "a"


async def test_a_session_that_ends_in_a_line_is_no_reception(shop: Shop) -> None:
    await rule(shop, Event.EFFECTIVE_RECEPTION)
    ref = await shop.write("V", businessFlag="F")
    await answer(shop, ref)
    await shop.step(transfer_session(shop.desk, shop.call(), ref, TransferTarget(agent="b", force=True)))
    await shop.close(ref)
    assert await bound(shop) is None


async def test_enough_closed_sessions_with_the_same_agent_make_a_regular_customer(shop: Shop) -> None:
    await rule(shop, Event.REGULAR_CUSTOMER, closed_sessions_min=3)
    for _ in range(2):
        await serve(shop)
    assert await bound(shop) is None
    await serve(shop)
    assert await bound(shop) == "a"


async def test_sessions_with_another_agent_make_nobody_regular(shop: Shop) -> None:
    await shop.turn("b", ONLINE)
    await rule(shop, Event.REGULAR_CUSTOMER, closed_sessions_min=2)
    await serve(shop, agent="a")
    await serve(shop, agent="b")
    assert await bound(shop) is None


async def test_sessions_closed_too_long_ago_make_nobody_regular(shop: Shop) -> None:
    await rule(shop, Event.REGULAR_CUSTOMER, closed_sessions_min=2, within_ms=7 * DAY)
    await serve(shop)
    shop.clock.advance(7 * DAY)
    await shop.turn("a", ONLINE)
    await serve(shop)
    assert await bound(shop) is None


async def test_sessions_closed_before_there_was_a_rule_count(shop: Shop) -> None:
    for _ in range(2):
        await serve(shop)
    await rule(shop, Event.REGULAR_CUSTOMER, closed_sessions_min=3)
    await serve(shop)
    assert await bound(shop) == "a"


async def test_what_is_counted_of_a_visitor_and_an_agent_is_bounded(shop: Shop) -> None:
    await rule(shop, Event.REGULAR_CUSTOMER, closed_sessions_min=COUNTED_SESSIONS_MAX)
    tally = ClosedTally(visitor="V", agent="a", closed_at=tuple(range(COUNTED_SESSIONS_MAX)))
    await shop.desk.store.commit([binding_rules.write_tally(TENANT, tally, 0)], token=None)
    message = IncomingMessage(visitor="V", ext=weichat(businessFlag="F"))
    ref = (await ingest_message(shop.desk, shop.call(), message)).session
    await closes_unchecked(shop, ref)
    loaded = await binding_rules.load_tally(shop.desk.store, TENANT, "V", "a")
    assert loaded is not None
    assert (len(loaded.value.closed_at), loaded.value.closed_at[0]) == (COUNTED_SESSIONS_MAX, 1)


async def closes_unchecked(shop: Shop, ref: SessionRef) -> None:
    """Without the laws: the tally was not made by sessions."""
    await close_session(shop.desk, shop.call(), ref)


@pytest.mark.parametrize(("stars", "expected"), [(3, None), (4, "a"), (5, "a")])
async def test_a_rating_of_enough_stars_binds_to_who_was_rated(shop: Shop, stars: int, expected: str | None) -> None:
    await rule(shop, Event.RATED, stars_min=4)
    await rate(shop, await serve(shop), stars)
    assert await bound(shop) == expected


async def test_a_rating_of_an_agent_deleted_since_binds_nobody(shop: Shop) -> None:
    await rule(shop, Event.RATED, stars_min=1)
    ref = await serve(shop)
    await shop.step(delete_agent(shop.desk, shop.call(), "a"))
    await rate(shop, ref, 5)
    assert await known(shop) is None


async def test_a_business_event_binds_to_the_agent_it_names(shop: Shop) -> None:
    await rule(shop, Event.BUSINESS_EVENT, event_name="vip")
    assert (await happens(shop, agent="B")).rules == ("rule",)
    assert await bound(shop) == "b"


async def test_a_business_event_that_names_nobody_binds_to_who_served_last(shop: Shop) -> None:
    await rule(shop, Event.BUSINESS_EVENT, event_name="vip")
    await shop.turn("b", ONLINE)
    await serve(shop, agent="a")
    await shop.ingest("V", ext={"weichat": {"agentUsername": "b"}}, channel=Channel.WEB)
    await happens(shop)
    assert await bound(shop) == "b"


async def test_a_business_event_of_a_visitor_nobody_served_binds_nobody(shop: Shop) -> None:
    await rule(shop, Event.BUSINESS_EVENT, event_name="vip")
    assert (await happens(shop)).rules == ()
    assert await known(shop) is None


async def test_a_business_event_of_another_name_sets_nothing_off(shop: Shop) -> None:
    await rule(shop, Event.BUSINESS_EVENT, event_name="vip")
    await happens(shop, "VIP", agent="a")
    assert await known(shop) is None


async def test_a_business_event_that_names_an_unknown_agent_is_refused_and_not_kept(shop: Shop) -> None:
    with pytest.raises(Refusal) as refused:
        await happens(shop, agent="nobody")
    assert refused.value.code is RefusalCode.AGENT_NOT_FOUND
    assert await events(shop) == []


async def events(shop: Shop) -> list[str]:
    after, before = keys.BUSINESS_EVENTS
    span = Span(after=after, before=before, limit=10)
    page = await shop.desk.store.scan(keys.visitor_partition(TENANT, "V"), span)
    return [binding_rules.decode_event(record.value).name for record in page.records]


CONDITIONS: list[tuple[str, AttributeCondition, object, bool]] = [
    ("a text equals itself", AttributeCondition(attribute="x", equals="gold"), "gold", True),
    ("case counts", AttributeCondition(attribute="x", equals="gold"), "Gold", False),
    ("a number equals its text", AttributeCondition(attribute="x", equals="3"), 3, True),
    ("a whole decimal is a whole number", AttributeCondition(attribute="x", equals="3"), 3.0, True),
    ("a boolean equals its word", AttributeCondition(attribute="x", equals="true"), True, True),
    ("null equals nothing", AttributeCondition(attribute="x", equals=""), None, False),
    ("a list equals nothing", AttributeCondition(attribute="x", equals="gold"), ["gold"], False),
    ("exactly as much is enough", AttributeCondition(attribute="x", at_least=100), 100, True),
    ("less is not", AttributeCondition(attribute="x", at_least=100), 99.99, False),
    ("a text is no number", AttributeCondition(attribute="x", at_least=100), "200", False),
    ("a boolean is no number", AttributeCondition(attribute="x", at_least=1), True, False),
    ("a huge integer equals its digits", AttributeCondition(attribute="x", equals=f"{10**400}"), 10**400, True),
    ("a large decimal equals what JSON writes", AttributeCondition(attribute="x", equals="1e+30"), 1e30, True),
    ("what no JSON number can be equals nothing", AttributeCondition(attribute="x", equals="1"), float("inf"), False),
]


@pytest.mark.parametrize(
    "value", [10**400, -(10**400), float("inf"), float("nan")], ids=["huge", "negative", "inf", "nan"]
)
async def test_a_number_beyond_all_that_programs_can_read_is_refused(shop: Shop, value: float) -> None:
    await rule(
        shop, Event.BUSINESS_EVENT, event_name="paid", conditions=(AttributeCondition(attribute="n", equals="5"),)
    )
    with pytest.raises(Invalid):
        await happens(shop, "paid", {"n": value}, agent="a")
    assert await events(shop) == []


@pytest.mark.parametrize("row", CONDITIONS, ids=lambda row: row[0])
def test_a_condition_asks_equality_or_at_least(row: tuple[str, AttributeCondition, object, bool]) -> None:
    _, condition, value, holds = row
    assert condition.holds({"x": value, "y": "gold"}) is holds


async def test_all_conditions_of_a_rule_must_hold(shop: Shop) -> None:
    both = (AttributeCondition(attribute="level", equals="gold"), AttributeCondition(attribute="paid", at_least=100))
    await rule(shop, Event.BUSINESS_EVENT, event_name="paid", conditions=both)
    await happens(shop, "paid", {"level": "gold", "paid": 99}, agent="a")
    assert await bound(shop) is None
    await happens(shop, "paid", {"level": "gold", "paid": 100}, agent="a")
    assert await bound(shop) == "a"


async def test_a_rule_may_unbind(shop: Shop) -> None:
    await rule(shop, Event.BUSINESS_EVENT, event_name="returned", act=BindingRuleAct.UNBIND)
    await shop.bind("F", "V", "a")
    await happens(shop, "returned")
    assert await bound(shop) is None
    assert (await history(shop))[-1] == (BindingAct.UNBOUND, "a", "rule", True)


async def test_unbinding_sends_on_who_waits_by_the_binding(shop: Shop) -> None:
    await rule(shop, Event.BUSINESS_EVENT, event_name="returned", act=BindingRuleAct.UNBIND)
    await shop.bind("F", "V", "b")
    ref = await shop.write("V", businessFlag="F")
    assert await shop.where(ref) == "waits for b"
    await happens(shop, "returned")
    assert await shop.where(ref) == "with a"


async def test_a_rule_may_set_an_expiry(shop: Shop) -> None:
    await rule(shop, Event.EFFECTIVE_RECEPTION, expires_after_ms=HOUR)
    await serve(shop)
    assert await bound(shop) == "a"
    shop.clock.advance(HOUR)
    assert await bound(shop) is None


async def test_the_same_agent_again_prolongs_a_binding_that_expires(shop: Shop) -> None:
    await rule(shop, Event.EFFECTIVE_RECEPTION, expires_after_ms=HOUR)
    await serve(shop)
    first = await known(shop)
    shop.clock.advance(HOUR // 2)
    await serve(shop)
    second = await known(shop)
    assert first is not None
    assert second is not None
    assert (second.created_at, second.expires_at) == (first.created_at, shop.clock.now() + HOUR)


async def test_a_binding_for_good_is_not_cut_short(shop: Shop) -> None:
    await rule(shop, Event.EFFECTIVE_RECEPTION, expires_after_ms=HOUR)
    await shop.bind("F", "V", "a")
    before = await known(shop)
    await serve(shop)
    assert await known(shop) == before


async def test_a_rule_names_the_flag_that_the_binding_gets(shop: Shop) -> None:
    await rule(shop, Event.EFFECTIVE_RECEPTION, business_flag="care")
    await serve(shop, flag="F")
    assert (await bound(shop, "care"), await bound(shop, "F")) == ("a", None)


async def test_without_a_flag_of_its_own_a_session_is_bound_by_fixed_ones_alone(shop: Shop) -> None:
    await rule(shop, Event.FIRST_RECEPTION, "own")
    await rule(shop, Event.FIRST_RECEPTION, "fixed", business_flag="care")
    await shop.write("V")
    assert await bound(shop, "care") == "a"


async def test_a_binding_of_another_agent_is_not_overwritten(shop: Shop) -> None:
    await rule(shop, Event.EFFECTIVE_RECEPTION)
    await shop.bind("F", "V", "b")
    await serve(shop, agent="a")
    assert await bound(shop) == "b"


async def test_a_binding_of_another_agent_is_overwritten_if_the_rule_says_so(shop: Shop) -> None:
    await rule(shop, Event.EFFECTIVE_RECEPTION, replaces_others=True)
    await shop.bind("F", "V", "b")
    await serve(shop, agent="a")
    assert await history(shop) == [
        (BindingAct.BOUND, "b", "crm", False),
        (BindingAct.UNBOUND, "b", "rule", True),
        (BindingAct.BOUND, "a", "rule", True),
    ]


async def test_a_binding_given_to_another_agent_sends_on_who_waits_for_the_first(shop: Shop) -> None:
    await rule(shop, Event.EFFECTIVE_RECEPTION, replaces_others=True)
    await shop.bind("F", "V", "b")
    waiting = (await shop.ingest("V", ext={"weichat": {"businessFlag": "F"}}, channel=Channel.WEB)).session
    assert await shop.where(waiting) == "waits for b"
    await serve(shop, agent="a")
    assert await shop.where(waiting) == "with a"


async def test_every_binding_keeps_who_made_it_when_and_what_ended_it(shop: Shop) -> None:
    await rule(shop, Event.EFFECTIVE_RECEPTION, "served", expires_after_ms=HOUR)
    ref = await serve(shop)
    closed_at = (await shop.session(ref)).closed_at
    binding = await known(shop)
    assert binding is not None
    assert (binding.created_by, binding.created_at, binding.history[-1].at) == ("served", closed_at, closed_at)
    shop.clock.advance(HOUR)
    await shop.bind("F", "V", "b")
    await shop.unbind("F", "V")
    assert await history(shop) == [
        (BindingAct.BOUND, "a", "served", True),
        (BindingAct.EXPIRED, "a", "", False),
        (BindingAct.BOUND, "b", "crm", False),
        (BindingAct.UNBOUND, "b", "crm", False),
    ]


async def test_of_prolongations_in_a_row_the_latest_is_told(shop: Shop) -> None:
    await rule(shop, Event.BUSINESS_EVENT, event_name="vip", expires_after_ms=HOUR)
    told = [(await happens(shop, agent="a")).at for _ in range(4)]
    binding = await known(shop)
    assert binding is not None
    assert [each.at for each in binding.history] == [told[0], told[-1]]


async def test_a_history_is_bounded(shop: Shop) -> None:
    await rule(shop, Event.BUSINESS_EVENT, "binds", event_name="vip")
    await rule(shop, Event.BUSINESS_EVENT, "unbinds", event_name="returned", act=BindingRuleAct.UNBIND)
    for _ in range(BINDING_HISTORY_MAX // 2 + 1):
        await happens(shop, "vip", agent="a")
        await happens(shop, "returned")
    assert len(await history(shop)) == BINDING_HISTORY_MAX


async def test_an_expired_binding_goes_back_to_the_pool_with_who_waits_by_it(shop: Shop) -> None:
    await rule(shop, Event.BUSINESS_EVENT, event_name="vip", expires_after_ms=HOUR)
    await happens(shop, agent="b")
    ref = await shop.write("V", businessFlag="F")
    assert await shop.where(ref) == "waits for b"
    shop.clock.advance(HOUR)
    await shop.step(sweep(shop.desk, TENANT))
    assert await shop.where(ref) == "with a"


async def test_the_agent_of_an_expired_binding_takes_nobody_by_it(shop: Shop) -> None:
    await rule(shop, Event.BUSINESS_EVENT, event_name="vip", expires_after_ms=HOUR)
    group = await shop.group("G1")
    await happens(shop, agent="b")
    ref = await shop.write("V", businessFlag="F", queueName="G1")
    shop.clock.advance(HOUR)
    await set_agent_status(shop.desk, shop.call(), "b", ONLINE)
    assert await shop.where(ref) == "waits for b"
    await shop.step(sweep(shop.desk, TENANT))
    assert (await shop.where(ref), (await shop.session(ref)).skill_group) == ("queued in G1", group)


async def test_rules_on_one_event_go_in_the_order_of_their_names(shop: Shop) -> None:
    await rule(shop, Event.EFFECTIVE_RECEPTION, "2 unbinds", act=BindingRuleAct.UNBIND)
    await rule(shop, Event.EFFECTIVE_RECEPTION, "1 binds")
    await serve(shop)
    assert [(act, by) for act, _, by, _ in await history(shop)] == [
        (BindingAct.BOUND, "1 binds"),
        (BindingAct.UNBOUND, "2 unbinds"),
    ]


async def test_a_tenant_without_bindings_has_none_made(shop: Shop) -> None:
    await rule(shop, Event.FIRST_RECEPTION)
    await shop.settings(bindings_entitled=False)
    await shop.write("V", businessFlag="F")
    assert await known(shop) is None


async def test_a_deleted_rule_binds_no_more_and_leaves_what_it_bound(shop: Shop) -> None:
    await rule(shop, Event.EFFECTIVE_RECEPTION)
    await serve(shop, "V")
    await shop.step(delete_binding_rule(shop.desk, shop.call(), "rule"))
    await serve(shop, "W")
    assert (await bound(shop), await bound(shop, visitor="W")) == ("a", None)


async def test_a_bound_visitor_is_routed_by_what_a_rule_made(shop: Shop) -> None:
    await rule(shop, Event.EFFECTIVE_RECEPTION)
    await shop.turn("b", ONLINE)
    await serve(shop, agent="b")
    await shop.turn("b", BUSY)
    assert await shop.where(await shop.write("V", businessFlag="F")) == "waits for b"


async def test_the_same_call_twice_is_one_business_event(shop: Shop) -> None:
    await rule(shop, Event.BUSINESS_EVENT, event_name="vip")
    call = Call(by=PARTNER, once=Once(key="k", fingerprint="f"))
    first = await happens(shop, agent="a", call=call)
    assert await happens(shop, agent="a", call=call) == first
    assert (len(await events(shop)), len(await history(shop))) == (1, 1)


@pytest.mark.parametrize("role", [Role.AGENT, Role.VISITOR])
async def test_only_staff_record_business_events_and_keep_rules(shop: Shop, role: Role) -> None:
    call = Call(by=Caller(tenant=TENANT, role=role, user_name="a"))
    made = BindingRule(name="rule", event=Event.FIRST_RECEPTION)
    for forbidden in (
        happens(shop, call=call),
        save_binding_rule(shop.desk, call, "rule", lambda _: made),
        delete_binding_rule(shop.desk, call, "rule"),
    ):
        with pytest.raises(Declined) as declined:
            await forbidden
        assert declined.value.code is RefusalCode.NOT_ALLOWED
