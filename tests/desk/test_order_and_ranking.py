"""The sentences of the routing design about order, the free agents of a group, room, states and transfers."""

import asyncio

import pytest
from interrupted import Interrupted
from shop import AWAY, BUSY, ONLINE, Shop, weichat

from kefu.desk.close_session import close_session
from kefu.desk.explain import explain_route
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.agent import Agent, AgentStatus
from kefu.domain.bounds import CANDIDATES_MAX, EQUALS_UNDER_CONTENTION_MAX
from kefu.domain.channel import Channel
from kefu.domain.decision import DispatchOutcome
from kefu.domain.directory import Directory, Ranking, TenantSettings
from kefu.domain.dispatch import DispatchFacts, GroupFacts, decide
from kefu.domain.instants import MINUTE
from kefu.domain.log import EventKind as Kind
from kefu.domain.ranking import choose_agent
from kefu.domain.refusals import Declined, RefusalCode
from kefu.domain.routing_keys import NO_KEYS
from kefu.domain.session_ref import SessionRef
from kefu.store.memory import MemoryStore
from kefu.store.port import Store
from kefu.testing.clocks import ManualClock

IDLE = Ranking.LONGEST_IDLE
LOADED = Ranking.LEAST_LOADED


@pytest.fixture
def store(clock: ManualClock) -> Store:
    """Memory alone: the same procedure runs on every store, as the examples do."""
    return MemoryStore(clock.now)


async def saved(shop: Shop, name: str, *groups: str, max_sessions: int | None = None) -> None:
    ids = tuple(shop.groups[each] for each in groups) if groups else None
    change = AgentChange(user_name=name, groups=ids, max_sessions=max_sessions)
    await shop.step(save_agent(shop.desk, shop.call(), change))


async def handed_on(shop: Shop, ref: SessionRef, **target: str | bool) -> None:
    await shop.step(transfer_session(shop.desk, shop.call(), ref, TransferTarget(**target)))  # type: ignore[arg-type]


def free(name: str, *, idle: int = 0, load: int = 0) -> Agent:
    held = tuple(
        SessionRef(visitor=f"v{each}", channel=Channel.APP, ordinal=1, id=f"{name}{each}") for each in range(load)
    )
    return Agent(user_name=name, status=ONLINE, status_changed_at=0, idle_since=idle, max_sessions=9, held=held)


@pytest.mark.parametrize(
    ("ranking", "agents", "best"),
    [
        (LOADED, [free("x", load=1, idle=1), free("y", load=0, idle=5)], "y"),
        (LOADED, [free("x", load=1, idle=5), free("y", load=1, idle=1)], "y"),
        (LOADED, [free("y", load=1, idle=1), free("x", load=1, idle=1)], "x"),
        (IDLE, [free("x", load=0, idle=5), free("y", load=1, idle=1)], "y"),
        (IDLE, [free("x", load=1, idle=1), free("y", load=0, idle=1)], "y"),
        (IDLE, [free("y", load=1, idle=1), free("x", load=1, idle=1)], "x"),
    ],
    ids=["least loaded", "tie: longest idle", "then name", "longest idle", "tie: least loaded", "then its name"],
)
def test_who_of_the_free_agents_takes_it(ranking: Ranking, agents: list[Agent], best: str) -> None:
    chosen = choose_agent(agents, TenantSettings(ranking=ranking), now=9).agent
    assert chosen is not None
    assert chosen.login == best


async def test_least_loaded_is_the_default(shop: Shop) -> None:
    await shop.agent("x", max_sessions=2)
    await shop.agent("y", max_sessions=2)
    first = await shop.write("V")
    assert await shop.where(first) == "with x"
    await shop.agent("w", max_sessions=2)
    assert [await shop.where(await shop.write(each)) for each in "WX"] == ["with y", "with w"]


async def idle_order(shop: Shop) -> list[str]:
    """Of all three, from the longest idle on, without taking anything."""
    decision = await explain_route(shop.desk, shop.call().by, visitor="nobody", channel=Channel.APP, ext=None)
    return [each.agent for each in decision.candidates]


async def three_idle(shop: Shop) -> None:
    await shop.settings(ranking=IDLE)
    for name in "xyz":
        await shop.agent(name, max_sessions=3)
    assert await idle_order(shop) == ["x", "y", "z"]


async def test_idle_since_the_last_assignment(shop: Shop) -> None:
    await three_idle(shop)
    await shop.write("V", agentUsername="y")
    assert await idle_order(shop) == ["x", "z", "y"]


async def test_idle_since_the_end_of_the_last_assignment(shop: Shop) -> None:
    await three_idle(shop)
    ref = await shop.write("V", agentUsername="x")
    await shop.write("W", agentUsername="y")
    assert await idle_order(shop) == ["z", "x", "y"]
    await shop.close(ref)
    assert await idle_order(shop) == ["z", "y", "x"]


async def test_idle_since_he_came_online(shop: Shop) -> None:
    await three_idle(shop)
    await shop.turn("x", AWAY)
    await shop.turn("x", ONLINE)
    assert await idle_order(shop) == ["y", "z", "x"]


async def test_of_fifty_free_agents_the_best_is_taken_exactly() -> None:
    """On memory alone: how many agents are weighed does not depend on the store."""
    shop = Shop()
    for number in reversed(range(CANDIDATES_MAX)):
        shop.clock.advance(1)
        await save_agent(shop.desk, shop.call(), AgentChange(user_name=f"a{number:02d}", max_sessions=1))
        await set_agent_status(shop.desk, shop.call(), f"a{number:02d}", ONLINE)
    assert await shop.where(await shop.write("V")) == f"with a{CANDIDATES_MAX - 1}"


def contended(*, seed: int, settings: TenantSettings | None = None) -> tuple[str | None, str]:
    """Who of twelve equally loaded takes it after a lost claim, and with which reason."""
    agents = tuple(free(f"a{number:02d}", idle=number) for number in range(12))
    directory = Directory(settings=settings or TenantSettings())
    group = GroupFacts(someone_waits=False, agents=agents)
    facts = DispatchFacts(directory=directory, channel=Channel.APP, keys=NO_KEYS, group=group, lost_claims=1)
    decision = decide(facts, now=99, seed=seed)
    return decision.agent, decision.steps[-1].reason


def test_under_contention_any_of_the_best_eight_may_be_taken_and_the_decision_says_so() -> None:
    chosen = {contended(seed=seed) for seed in range(200)}
    best = [f"a{number:02d}" for number in range(EQUALS_UNDER_CONTENTION_MAX)]
    others = {(name, "EQUAL_UNDER_CONTENTION") for name in best[1:]}
    assert chosen == {(best[0], "BEST_FREE_AGENT"), *others}


def test_strict_ranking_forbids_another_than_the_best() -> None:
    settings = TenantSettings(strict_ranking=True)
    assert {contended(seed=seed, settings=settings) for seed in range(50)} == {("a00", "BEST_FREE_AGENT")}


async def test_those_who_began_in_one_millisecond_go_in_the_order_of_their_ids(shop: Shop) -> None:
    await shop.agent("c", status=BUSY)
    refs = []
    for visitor in "VWXY":
        message = IncomingMessage(visitor=visitor, text="hello")
        refs.append((await ingest_message(shop.desk, shop.call(), message)).session)
    assert len({(await shop.session(ref)).started_at for ref in refs}) == 1
    await shop.turn("c", ONLINE)
    assert await one_after_another(shop, refs) == sorted(refs, key=lambda ref: ref.id)


async def one_after_another(shop: Shop, refs: list[SessionRef]) -> list[SessionRef]:
    """The order in which one agent serves them."""
    [served] = [ref for ref in refs if await shop.where(ref) == "with c"]
    order = [served]
    while after := (await shop.close(order[-1])).assigned:
        order += after
    return order


async def test_nothing_running_is_pre_empted(shop: Shop) -> None:
    await shop.agent("c")
    running = await shop.write("V")
    vip = await shop.write("W", tags=["vip"])
    assert [await shop.where(ref) for ref in (running, vip)] == ["with c", "queued in default"]


async def test_a_raised_maximum_is_filled_in_the_same_request(shop: Shop) -> None:
    await shop.agent("c")
    refs = [await shop.write(visitor) for visitor in "VWXYZ"]
    await saved(shop, "c", max_sessions=3)
    assert [await shop.where(ref) for ref in refs] == ["with c"] * 3 + ["queued in default"] * 2


async def test_a_raised_maximum_serves_the_agents_own_line(shop: Shop) -> None:
    await shop.agent("c")
    await shop.write("V")
    designated = await shop.write("W", agentUsername="c")
    await saved(shop, "c", max_sessions=2)
    assert await shop.where(designated) == "with c"


async def test_who_comes_online_takes_as_many_as_he_has_room_for(shop: Shop) -> None:
    await shop.agent("c", status=AWAY, max_sessions=3)
    refs = [await shop.write(visitor) for visitor in "VWXY"]
    await shop.turn("c", ONLINE)
    assert [await shop.where(ref) for ref in refs] == ["with c"] * 3 + ["queued in default"]


async def test_who_joins_a_group_takes_who_waits_there(shop: Shop) -> None:
    await shop.group("G")
    await shop.agent("c")
    ref = await shop.write("V", queueName="G")
    await saved(shop, "c", "G")
    assert await shop.where(ref) == "with c"


async def test_of_several_groups_the_earliest_start_is_served_first(shop: Shop) -> None:
    await shop.group("G")
    await shop.group("H")
    await shop.agent("c", "G", "H", status=AWAY)
    later_named_first = await shop.write("V", queueName="H")
    await shop.write("W", queueName="G")
    await shop.turn("c", ONLINE)
    assert await shop.where(later_named_first) == "with c"


async def test_a_lowered_maximum_takes_no_session_away_and_stops_new_ones(shop: Shop) -> None:
    await shop.agent("c", max_sessions=3)
    held = [await shop.write(visitor) for visitor in "VW"]
    shop.lowered = {"c"}
    await saved(shop, "c", max_sessions=1)
    late = await shop.write("X")
    await shop.close(held[0])
    assert [await shop.where(ref) for ref in (held[1], late)] == ["with c", "queued in default"]


async def test_l3_a_visitor_has_one_open_session_on_each_channel(shop: Shop) -> None:
    first, again = await shop.write("V"), await shop.write("V")
    elsewhere = (await shop.ingest("V", channel=Channel.WEB)).session
    assert (first == again, first == elsewhere) == (True, False)


async def test_l9_the_end_is_told_once_and_a_second_close_is_refused(shop: Shop) -> None:
    await shop.agent("c")
    ref = await shop.write("V")
    closing = (close_session(shop.desk, shop.call(), ref) for _ in range(3))
    answers = await asyncio.gather(*closing, return_exceptions=True)
    assert sum(isinstance(answer, BaseException) for answer in answers) == 2
    assert (await shop.kinds(ref)).count(Kind.SESSION_END) == 1
    await shop.check()


@pytest.mark.parametrize(
    ("status", "last"),
    [(ONLINE, [Kind.ASSIGNED]), (BUSY, [Kind.NO_AGENT_ONLINE, Kind.QUEUED])],
    ids=["assigned", "queued"],
)
async def test_the_log_of_one_commit_is_in_the_order_of_the_design(
    shop: Shop, status: AgentStatus, last: list[Kind]
) -> None:
    await shop.agent("c", status=status)
    assert await shop.kinds(await shop.write("V")) == [
        Kind.SESSION_BEGIN, Kind.USER_MESSAGE, Kind.HUMAN_REQUESTED, *last,
    ]  # fmt: skip


async def test_full_agents_are_online_so_nobody_is_told_that_none_is(shop: Shop) -> None:
    await shop.agent("c")
    await shop.write("V")
    assert (await shop.kinds(await shop.write("W")))[-2:] == [Kind.HUMAN_REQUESTED, Kind.QUEUED]


async def test_a_visitors_message_while_waiting_is_a_user_message(shop: Shop) -> None:
    ref = await shop.write("V")
    await shop.write("V")
    assert (await shop.kinds(ref))[-1] is Kind.USER_MESSAGE


async def test_session_and_message_ids_sort_by_time(shop: Shop) -> None:
    refs = [await shop.write(visitor) for visitor in "VWX"]
    await shop.write("V")
    messages = [entry.message for ref in refs for entry in await shop.log(ref) if entry.message]
    assert [ref.id for ref in refs] == sorted(ref.id for ref in refs)
    ids = [message.id for message in sorted(messages, key=lambda message: message.sent_at)]
    assert ids == sorted(ids)


async def test_a_transfer_to_an_agent_who_is_not_free_is_refused_and_parked_by_force(shop: Shop) -> None:
    await shop.agent("c")
    await shop.agent("d", status=AWAY)
    ref = await shop.write("V")
    with pytest.raises(Declined) as declined:
        await handed_on(shop, ref, agent="d")
    assert (declined.value.code, await shop.where(ref)) == (RefusalCode.AGENT_NOT_ONLINE, "with c")
    await handed_on(shop, ref, agent="d", force=True)
    assert await shop.where(ref) == "waits for d"


async def test_a_transfer_to_a_group_joins_its_line_at_the_start_time_it_has(shop: Shop) -> None:
    await shop.group("G")
    await shop.agent("c", max_sessions=2)
    early = await shop.write("V")
    shop.clock.advance(MINUTE)
    late = await shop.write("W", queueName="G")
    await handed_on(shop, early, skill_group=shop.groups["G"])
    await shop.agent("g", "G")
    assert [await shop.where(ref) for ref in (early, late)] == ["with g", "queued in G"]


async def test_one_commit_releases_the_old_slot_and_takes_the_new() -> None:
    """On memory alone, with an ear at its commits."""
    store = Interrupted()
    shop = Shop(store=store)
    await shop.agent("c")
    await shop.agent("d")
    ref = await shop.write("V", agentUsername="c")
    commits: list[str] = []

    def noted(call: str) -> bool:
        commits.append(call)
        return False

    store.before(noted, shop.check)
    await handed_on(shop, ref, agent="d")
    [handing_on] = [commit for commit in commits if commit.startswith("commit") and "AGENT#" in commit]
    assert ("AGENT#c" in handing_on, "AGENT#d" in handing_on) == (True, True)


async def test_a_dry_run_names_who_would_take_it_and_takes_nothing(shop: Shop) -> None:
    await shop.agent("c")
    before = await shop.desk.store.position()
    decision = await explain_route(shop.desk, shop.call().by, visitor="V", channel=Channel.APP, ext=weichat())
    assert (decision.outcome, decision.agent) == (DispatchOutcome.ASSIGN, "c")
    assert await shop.desk.store.position() == before
    assert await shop.where(await shop.write("V")) == "with c"
