"""What clients of the simulation do: each takes its dice at once, and says how it is asked for, again and again the same."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from kefu.desk.bindings import BindingName, create_binding, delete_binding
from kefu.desk.call import Caller, Role
from kefu.desk.close_session import close_session
from kefu.desk.deadlines import look_at_each_due
from kefu.desk.delete_agent import delete_agent
from kefu.desk.desk import Desk
from kefu.desk.directory import GroupChange, save_group
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.left_messages import MessageToLeave, leave_message
from kefu.desk.presence import show_presence
from kefu.desk.ratings import invite_rating, submit_rating
from kefu.desk.request_human import request_human
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.sweep import sweep
from kefu.desk.tenant_settings import update_settings
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.desk.visitor_presence import note_visitor
from kefu.desk.web_clients import claim_poll
from kefu.domain.channel import Channel
from kefu.domain.instants import MINUTE, SECOND
from kefu.domain.rating import STARS, RatingAnswers
from kefu.domain.session import SessionState
from kefu.testing.interleaving import (
    Crashed,
    TurnKind,
)
from kefu.testing.rule_play import (
    tells_of_business,
)
from kefu.testing.simulated_world import (
    AGENTS,
    BOT_CHANNEL,
    CLOSED,
    FLAGS,
    PARTNER,
    SHIFTS,
    STATUSES,
    TENANT,
    VISITORS,
)

if TYPE_CHECKING:
    from kefu.testing.simulation import Shop

Client: TypeAlias = "Callable[[Shop], Callable[[], Awaitable[Any]]]"


def writes(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    dice = shop.random
    shop.calls += 1
    message_id = f"m{shop.calls}"
    keys: dict[str, object] = {}
    if dice.random() < 0.5:  # noqa: PLR2004  a mix in which every rule has its turn
        keys["businessFlag"] = dice.choice((FLAGS[0], FLAGS[0], *FLAGS))
    if dice.random() < 0.8:  # noqa: PLR2004
        keys["queueName"] = dice.choice(("G1", "G1", "G1", "G2"))
    if dice.random() < 0.15:  # noqa: PLR2004
        keys["agentUsername"] = dice.choice((*AGENTS, "nobody"))
    if dice.random() < 0.2:  # noqa: PLR2004
        keys["visitor"] = {"tags": ["vip"]}
    message = IncomingMessage(
        visitor=dice.choice(VISITORS), text="hello", ext={"weichat": keys}, client_message_id=message_id
    )

    async def ask() -> None:
        await ingest_message(shop.desk, shop.call(), message)
        shop.acknowledged.add((message.visitor, message_id))

    return ask


def answers(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    ref, once = shop.any_session(SessionState.ACTIVE), shop.once()
    outgoing = OutgoingMessage(session=ref, text="hi", client_message_id=once.key) if ref else None
    return lambda: send_message(shop.desk, shop.call(once), outgoing) if outgoing else _nothing()


def closes(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    ref, once = shop.any_session(), shop.once()
    return lambda: close_session(shop.desk, shop.call(once), ref) if ref else _nothing()


def turns_status(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    name, once = shop.random.choice(AGENTS), shop.once()
    status = shop.random.choice(STATUSES)
    return lambda: set_agent_status(shop.desk, shop.call(once), name, status)


def transfers(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    ref, once = shop.any_session(), shop.once()
    target = (
        TransferTarget(agent=shop.random.choice(AGENTS), force=shop.random.random() < 0.5)  # noqa: PLR2004
        if shop.random.random() < 0.5  # noqa: PLR2004
        else TransferTarget(skill_group=shop.random.choice(shop.groups))
    )
    return lambda: transfer_session(shop.desk, shop.call(once), ref, target) if ref else _nothing()


def binds(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    name = BindingName(business_flag=shop.random.choice(FLAGS), visitor=shop.random.choice(VISITORS))
    agent, once = shop.random.choice(AGENTS), shop.once()
    return lambda: create_binding(shop.desk, shop.call(once), name, agent)


def unbinds(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    name = BindingName(business_flag=FLAGS[0], visitor=shop.random.choice(VISITORS))
    once = shop.once()
    return lambda: delete_binding(shop.desk, shop.call(once), name)


def resizes(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    name, once = shop.random.choice(AGENTS), shop.once()
    shop.watched.lowered.add(name)
    change = AgentChange(user_name=name, max_sessions=shop.random.choice((0, 1, 2, 3)))
    return lambda: save_agent(shop.desk, shop.call(once), change)


def regroups(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    name, once = shop.random.choice(AGENTS), shop.once()
    served = tuple(group for group in shop.groups if shop.random.random() < 0.5)  # noqa: PLR2004
    return lambda: save_agent(shop.desk, shop.call(once), AgentChange(user_name=name, groups=served))


def shows_himself(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    caller = replace(PARTNER, role=Role.AGENT, user_name=shop.random.choice(AGENTS))
    return lambda: show_presence(shop.desk, caller)


def leaves(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    name, once = shop.random.choice(AGENTS), shop.once()
    return lambda: delete_agent(shop.desk, shop.call(once), name, force=True)


def sweeps(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    return lambda: sweep(shop.desk, TENANT)


def writes_to_the_bot(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    dice = shop.random
    shop.calls += 1
    message_id = f"m{shop.calls}"
    message = IncomingMessage(
        visitor=dice.choice(VISITORS[:4]),
        channel=BOT_CHANNEL,
        text=dice.choice(("hello", "hello", "hello", "转人工")),
        ext={"weichat": {"queueName": dice.choice(("G1", "G2"))}},
        client_message_id=message_id,
    )
    leaves_when_it_hangs = dice.random() < 0.5  # noqa: PLR2004  then nobody sends the message again

    async def ask() -> None:
        try:
            await ingest_message(shop.desk, shop.call(), message)
        except Crashed:
            if leaves_when_it_hangs:
                return
            raise
        shop.acknowledged.add((message.visitor, message_id))

    return ask


def asks_for_a_human(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    ref, once = shop.any_session(SessionState.BOT), shop.once()
    return lambda: request_human(shop.desk, shop.call(once), ref) if ref else _nothing()


def closes_whatever_is_open(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    ref, once = shop.any_session(SessionState.BOT, SessionState.WAITING, SessionState.ACTIVE), shop.once()
    return lambda: close_session(shop.desk, shop.call(once), ref) if ref else _nothing()


def rates(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    ref, once = shop.any_session(*SessionState), shop.once()
    answers = RatingAnswers(stars=shop.random.choice(STARS))
    return lambda: submit_rating(shop.desk, shop.call(once), ref, answers) if ref else _nothing()


def invites(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    ref, once = shop.any_session(*SessionState), shop.once()
    return lambda: invite_rating(shop.desk, shop.call(once), ref) if ref else _nothing()


def rechains(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    change, once = shop.chain_of(shop.random.choice(("G1", "G2"))), shop.once()
    return lambda: save_group(shop.desk, shop.call(once), change)


def lets_time_pass(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    by = shop.random.randrange(MINUTE)

    async def passes() -> None:
        shop.clock.advance(by)
        await sweep(shop.desk, TENANT)

    return passes


CHAIN_CLIENTS: tuple[Client, ...] = (rechains, lets_time_pass)
CHAIN_WEIGHTS = (1, 2)


def opens_or_closes(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    hours, once = shop.random.choice((None, None, CLOSED, SHIFTS)), shop.once()
    if shop.random.random() < 0.6:  # noqa: PLR2004  a mix in which tenant and groups have their turn
        return lambda: update_settings(shop.desk, shop.call(once), partial(replace, working_hours=hours))
    number = shop.random.randrange(2)
    change = GroupChange(
        id=shop.groups[number], name=f"G{number + 1}", working_hours=hours, has_tenants_hours=hours is None
    )
    return lambda: save_group(shop.desk, shop.call(once), change)


def leaves_a_message(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    once, channel = shop.once(), shop.random.choice((Channel.APP, BOT_CHANNEL))
    message = MessageToLeave(visitor=shop.random.choice(VISITORS[:4]), channel=channel, text="call me")

    async def ask() -> None:
        shop.left.add((await leave_message(shop.desk, shop.call(once), message)).id)

    return ask


HOURS_CLIENTS: tuple[Client, ...] = (opens_or_closes, leaves_a_message, sweeps)
HOURS_WEIGHTS = (5, 8, 6)


def looks_at_what_is_due(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    return lambda: look_at_each_due(shop.desk)


def is_seen(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    caller = Caller(tenant=TENANT, role=Role.VISITOR, user_name=shop.random.choice(VISITORS))
    return lambda: shop.random.choice((note_visitor, _polls))(shop.desk, caller)


def time_passes(shop: "Shop") -> Callable[[], Awaitable[Any]]:
    """While the others are under way: what was not due when they read is due when they commit."""
    leap = shop.random.choice((SECOND, 20 * SECOND, MINUTE, MINUTE + SECOND))

    async def leaps() -> None:
        await shop.turns.turn(TurnKind.PAUSE, "time passes")
        shop.clock.advance(leap)

    return leaps


async def _polls(desk: Desk, caller: Caller) -> None:
    await claim_poll(desk, caller, Channel.APP)


DEADLINE_CLIENTS: tuple[Client, ...] = (looks_at_what_is_due, time_passes, is_seen)
DEADLINE_WEIGHTS = (12, 8, 3)

BOT_CLIENTS: tuple[Client, ...] = (writes_to_the_bot, asks_for_a_human, closes_whatever_is_open, rates, invites)
BOT_WEIGHTS = (14, 4, 2, 5, 1)

RULE_CLIENTS: tuple[Client, ...] = (tells_of_business(VISITORS, AGENTS, FLAGS), answers, closes)
RULE_WEIGHTS = (5, 9, 8)

CLIENTS: tuple[Client, ...] = (
    writes, answers, closes, turns_status, transfers, binds, unbinds, resizes, regroups, shows_himself, leaves, sweeps,
)  # fmt: skip
WEIGHTS: tuple[float, ...] = (12, 1, 5, 6, 2, 1, 3, 1, 0.5, 0.5, 0.3, 0.3)


async def _nothing() -> None:
    pass


OF_FEATURES: dict[str, tuple[tuple[Client, ...], tuple[float, ...]]] = {
    "bot": (BOT_CLIENTS, BOT_WEIGHTS),
    "chains": (CHAIN_CLIENTS, CHAIN_WEIGHTS),
    "hours": (HOURS_CLIENTS, HOURS_WEIGHTS),
    "timeouts": (DEADLINE_CLIENTS, DEADLINE_WEIGHTS),
    "rules": (RULE_CLIENTS, RULE_WEIGHTS),
}


def clients_of(features: Collection[str]) -> tuple[tuple[Client, ...], tuple[float, ...]]:
    """Who comes to such a desk, and how often beside the others."""
    clients, weights = CLIENTS, WEIGHTS
    for feature, (more, often) in OF_FEATURES.items():
        if feature in features:
            clients, weights = (*clients, *more), (*weights, *often)
    return clients, weights
