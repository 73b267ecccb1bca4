"""Agents: they come and go by the clock on their wall, answer, hand on, close, forget somebody, and vanish."""

from dataclasses import dataclass, field
from functools import partial

from kefu.desk.business_events import IncomingEvent, record_business_event
from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import close_session
from kefu.desk.presence import show_presence
from kefu.desk.ratings import invite_rating
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.transfer_session import TransferTarget, transfer_session
from kefu.domain.agent import AgentStatus
from kefu.domain.instants import MINUTE, SECOND, Instant
from kefu.domain.session import Session, SessionState
from kefu.testing.week.opening import BOUND_FLAG, CUSTOMER_EVENT
from kefu.testing.week.plan import POSTS, Post
from kefu.testing.week.world import TENANT, World

SHOWS_HIMSELF_EVERY = 3 * MINUTE
PAUSE = 20 * MINUTE

Held = tuple[str, str, Instant]
"""A session, who has it, and since when."""


@dataclass(slots=True)
class Staff:
    world: World
    groups: dict[str, str]
    """Ids by name."""
    _away: dict[str, Instant] = field(default_factory=dict)
    """Until when agents who vanished do nothing."""
    _taken: set[Held] = field(default_factory=set)

    def plan(self) -> None:
        for post in POSTS:
            for begins, ends in post.shifts():
                self._plan_shift(post, begins, ends)
        self.world.on_moved.append(self._take)

    async def come(self) -> None:
        for post in POSTS:
            await set_agent_status(self.world.desk, self.world.call(), post.name, AgentStatus.ONLINE)

    def _plan_shift(self, post: Post, begins: Instant, ends: Instant) -> None:
        world, dice, name = self.world, self.world.random, post.name
        pause = dice.randrange(begins, max(begins + 1, ends - 2 * PAUSE))
        world.at(begins, f"{name} comes", partial(self._turn, post, AgentStatus.ONLINE))
        world.at(
            pause, f"{name} takes a break", partial(self._turn, post, dice.choice((AgentStatus.BUSY, AgentStatus.AWAY)))
        )
        world.at(pause + PAUSE, f"{name} is back", partial(self._turn, post, AgentStatus.ONLINE))
        world.at(ends, f"{name} goes", partial(self._turn, post, AgentStatus.OFFLINE))
        if not post.has_client:
            return
        for when in range(begins, ends, SHOWS_HIMSELF_EVERY):
            world.at(when, f"{name}'s client shows itself", partial(self._show, post))
        if world.chance(0.4):
            vanishes = dice.randrange(begins, ends)
            until = dice.choice((vanishes + dice.randrange(3 * MINUTE, 40 * MINUTE), ends))
            world.at(vanishes, f"{name} vanishes", partial(self._vanish, name, until))

    async def _turn(self, post: Post, status: AgentStatus) -> None:
        if not self._is_away(post.name):
            by = self.world.call(_caller(post.name) if post.has_client else self.world.call().by)
            await set_agent_status(self.world.desk, by, post.name, status)

    async def _show(self, post: Post) -> None:
        """Who was away comes back as what he was; if that was stored as OFFLINE meanwhile, he turns ONLINE again."""
        if self._is_away(post.name):
            return
        if self._away.pop(post.name, None) is not None:
            await set_agent_status(self.world.desk, self.world.call(_caller(post.name)), post.name, AgentStatus.ONLINE)
        await show_presence(self.world.desk, _caller(post.name))

    async def _vanish(self, name: str, until: Instant) -> None:
        self._away[name] = until

    def _is_away(self, name: str) -> bool:
        return self._away.get(name, 0) > self.world.clock.now()

    def _take(self, session: Session) -> None:
        if session.state is SessionState.ACTIVE and session.agent is not None and session.assigned_at is not None:
            held = (session.id, session.agent, session.assigned_at)
            if held not in self._taken:
                self._taken.add(held)
                if not self.world.chance(0.02):  # else he forgets it
                    self._go_on(session, held)

    def _go_on(self, session: Session, held: Held) -> None:
        delay = self.world.random.randrange(15 * SECOND, 90 * SECOND)
        self.world.after(delay, f"{held[1]} turns to {session.id}", partial(self._serve, session, held))

    async def _serve(self, known: Session, held: Held) -> None:
        world, session = self.world, self.world.session(known.ref)
        is_his = (session.id, session.agent, session.assigned_at) == held and session.state is SessionState.ACTIVE
        if not is_his or world.is_silent:
            return
        if self._is_away(held[1]):
            self._go_on(session, held)
            return
        by = world.call(_caller(held[1]))
        has_answered = not session.unread and (session.last_agent_message_at or 0) > held[2]
        await (self._end_or_wait(session, by) if has_answered else self._answer(session, by))
        self._go_on(session, held)

    async def _answer(self, session: Session, by: Call) -> None:
        if self.world.chance(0.06):
            await self._hand_on(session, by)
        else:
            await send_message(self.world.desk, by, OutgoingMessage(session=session.ref, text="at your service"))

    async def _end_or_wait(self, session: Session, by: Call) -> None:
        world = self.world
        if world.chance(0.2):
            await close_session(world.desk, by, session.ref)
        elif world.chance(0.03):
            await invite_rating(world.desk, by, session.ref)
        elif world.chance(0.02):
            event = IncomingEvent(name=CUSTOMER_EVENT, visitor=session.ref.visitor, business_flag=BOUND_FLAG)
            await record_business_event(world.desk, world.call(), event)

    async def _hand_on(self, session: Session, by: Call) -> None:
        dice = self.world.random
        colleague = dice.choice([post.name for post in POSTS if post.name != session.agent])
        to_agent = TransferTarget(agent=colleague, force=self.world.chance(0.2))
        to_group = TransferTarget(skill_group=dice.choice(sorted(self.groups.values())))
        await transfer_session(self.world.desk, by, session.ref, dice.choice((to_agent, to_group)))


def _caller(name: str) -> Caller:
    return Caller(tenant=TENANT, role=Role.AGENT, user_name=name)
