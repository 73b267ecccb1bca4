"""Visitors: they come, talk to the bot, wait for so long, talk to an agent, and end it in one of their ways."""

from dataclasses import dataclass, field
from functools import partial

from kefu.desk.call import Call, Caller, Role
from kefu.desk.close_session import close_session
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.left_messages import MessageToLeave, leave_message
from kefu.desk.ratings import submit_rating
from kefu.desk.request_human import request_human
from kefu.desk.visitor_presence import note_visitor
from kefu.domain.channel import Channel
from kefu.domain.instants import MINUTE, SECOND, Instant
from kefu.domain.log import EventKind
from kefu.domain.rating import STARS, RatingAnswers
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.testing.week.opening import BOT_CHANNEL, BOUND_FLAG
from kefu.testing.week.plan import POSTS, arrivals
from kefu.testing.week.world import TENANT, World

VISITS_EACH = 3
"""How often a visitor comes in the week, in the mean."""
MEAN_PATIENCE = 5 * MINUTE


@dataclass(slots=True)
class Mood:
    """How this one behaves in this session."""

    patience: int
    """How long he waits."""
    says: int
    """How often he writes once an agent has answered."""
    is_silent_at_last: bool
    """Whether he goes without a word, or closes."""
    waits_for_the_end: bool
    """Whether he leaves the end to the agent."""
    shows_himself: bool
    """Whether a page of his polls while he waits."""
    waits_since: Instant | None = None


@dataclass(slots=True)
class Visitors:
    world: World
    _known: set[str] = field(default_factory=set)
    """Ids of sessions whose visitor was thought of."""

    def plan(self) -> None:
        world = self.world
        for when in arrivals(world.random, world.visits):
            name = f"visitor-{world.random.randrange(max(1, world.visits // VISITS_EACH))}"
            world.at(when, f"{name} comes", partial(self._come, name))
        world.on_moved.append(self._think_of)

    async def _come(self, name: str) -> None:
        world, dice = self.world, self.world.random
        if world.is_silent:
            return
        keys: dict[str, object] = {}
        if world.chance(0.85):
            keys["queueName"] = dice.choice(("berlin", "berlin", "new york"))
        if world.chance(0.3):
            keys["businessFlag"] = BOUND_FLAG
        if world.chance(0.02):
            keys["agentUsername"] = dice.choice(POSTS).name
        if world.chance(0.08):
            keys["visitor"] = {"tags": ["vip"]}
        channel = BOT_CHANNEL if world.chance(0.35) else Channel.APP
        await self._write(name, channel, "hello", {"weichat": keys})

    def _think_of(self, session: Session) -> None:
        """Who is behind a session that was not there before: his first one of the day, or what a left message became."""
        if session.id in self._known:
            return
        self._known.add(session.id)
        dice, world = self.world.random, self.world
        mood = Mood(
            patience=round(dice.expovariate(1 / MEAN_PATIENCE)) + MINUTE,
            says=dice.choice((0, 1, 1, 2)),
            is_silent_at_last=world.chance(0.5),
            waits_for_the_end=world.chance(0.5),
            shows_himself=world.chance(0.4),
        )
        self._think_again(session.ref, mood)

    def _think_again(self, ref: SessionRef, mood: Mood) -> None:
        delay = self.world.random.randrange(20 * SECOND, 2 * MINUTE)
        self.world.after(delay, f"{ref.visitor} thinks of {ref.id}", partial(self._think, ref, mood))

    async def _think(self, ref: SessionRef, mood: Mood) -> None:
        session = self.world.session(ref)
        if session.state is SessionState.CLOSED:
            await self._look_back(session)
        elif not self.world.is_silent and await self._act(session, mood):
            self._think_again(ref, mood)

    async def _act(self, session: Session, mood: Mood) -> bool:
        """Whether he goes on."""
        match session.state:
            case SessionState.BOT:
                return await self._in_bot(session, mood)
            case SessionState.WAITING:
                return await self._in_line(session, mood)
            case _:
                return await self._with_agent(session, mood)

    async def _in_bot(self, session: Session, mood: Mood) -> bool:
        world = self.world
        if world.chance(0.35):
            await request_human(world.desk, self._call(session), session.ref)
        elif world.chance(0.5):
            text = world.random.choice(("opening hours?", "where is my order", "转人工"))
            await self._write(session.ref.visitor, session.channel, text)
        else:
            return await self._leave(session, mood)
        return True

    async def _in_line(self, session: Session, mood: Mood) -> bool:
        world, now = self.world, self.world.clock.now()
        mood.waits_since = now if mood.waits_since is None else mood.waits_since
        if now - mood.waits_since >= mood.patience:
            return await self._leave(session, mood)
        if mood.shows_himself:
            await note_visitor(world.desk, self._caller(session))
        elif world.chance(0.2):
            await self._write(session.ref.visitor, session.channel, "anybody there?")
        return True

    async def _with_agent(self, session: Session, mood: Mood) -> bool:
        if session.unread or (session.last_agent_message_at or 0) <= (session.assigned_at or 0):
            return True  # it is the agent's turn
        if mood.says:
            mood.says -= 1
            await self._write(session.ref.visitor, session.channel, "and then?")
            return True
        return mood.waits_for_the_end or await self._leave(session, mood)

    async def _leave(self, session: Session, mood: Mood) -> bool:
        """Closes, or says nothing any more; a rating he may give all the same."""
        if not mood.is_silent_at_last:
            await close_session(self.world.desk, self._call(session), session.ref)
            return True
        return False

    async def _look_back(self, session: Session) -> None:
        world = self.world
        if session.end_reason is EventKind.DECLINED and world.chance(0.4):
            left = MessageToLeave(visitor=session.ref.visitor, channel=session.channel, text="call me")
            world.left.add((await leave_message(world.desk, self._call(session), left)).id)
        elif session.assigned_at is not None and session.rating is None and world.chance(0.4):
            stars = world.random.choice((*STARS, STARS[-1], STARS[-1]))
            await submit_rating(world.desk, self._call(session), session.ref, RatingAnswers(stars=stars))

    async def _write(self, name: str, channel: Channel, text: str, ext: dict[str, object] | None = None) -> None:
        caller = Caller(tenant=TENANT, role=Role.VISITOR, user_name=name)
        message = IncomingMessage(visitor=name, channel=channel, text=text, ext=ext)
        await ingest_message(self.world.desk, self.world.call(caller), message)

    def _caller(self, session: Session) -> Caller:
        return Caller(tenant=TENANT, role=Role.VISITOR, user_name=session.ref.visitor)

    def _call(self, session: Session) -> Call:
        return self.world.call(self._caller(session))
