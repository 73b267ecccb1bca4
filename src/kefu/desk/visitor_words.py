"""What a visitor says beside his messages: a survey, an opinion of a bot's answer."""

import msgspec

from kefu.desk.access import require_staff
from kefu.desk.attempts import attempt, commit
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.input import message_text, named
from kefu.desk.once import attempt_once, mark
from kefu.desk.ratings import submit_rating
from kefu.domain.bounds import PHRASE_LENGTH_MAX, PHRASES_BYTES_MAX, PHRASES_MAX
from kefu.domain.channel import Channel
from kefu.domain.rating import RatingAnswers
from kefu.domain.refusals import Declined, Invalid, NotFound, RefusalCode
from kefu.domain.session import Session, SessionState
from kefu.records import sessions, visitor_words
from kefu.records.codec import Codec
from kefu.records.visitor_words import BotOpinion

_phrases = Codec(tuple[str, ...])


async def answer_survey(desk: Desk, call: Call, channel: Channel, answers: RatingAnswers) -> None:
    """Of the visitor's latest session on the channel, once: what he says later changes nothing.

    Raises `NotFound` without a session, `Declined` if no agent served it or it ended too long ago.
    """
    session = await attempt(desk, lambda desk, _: _latest(desk, call, channel))
    try:
        await submit_rating(desk, call, session.ref, answers)
    except Declined as declined:
        if declined.code is not RefusalCode.RATING_EXISTS:
            raise


async def judge_bot(desk: Desk, call: Call, channel: Channel, *, message: str, is_good: bool, comment: str) -> None:
    """Raises `NotFound` without a session, `Declined` if no bot has it."""
    named(message, "message")
    message_text(comment, "comment")

    async def step(desk: Desk, _lost: int) -> None:
        session = await _latest(desk, call, channel)
        if session.state is not SessionState.BOT:
            raise Declined(RefusalCode.SESSION_NOT_ACTIVE, "The session is not with a bot.")
        said = BotOpinion(is_good=is_good, comment=comment, at=desk.clock.now())
        await commit(desk, [visitor_words.write_bot_opinion(call.tenant, session.id, message, said)])

    await attempt(desk, step)


async def save_phrases(desk: Desk, call: Call, phrases: tuple[str, ...]) -> tuple[str, ...]:
    """What visitors are offered while they type. Raises `Invalid`."""
    require_staff(call.by)
    if len(phrases) > PHRASES_MAX:
        raise Invalid(f"{len(phrases)} phrases were sent; at most {PHRASES_MAX} are accepted.", "phrases")
    for phrase in phrases:
        named(phrase, "phrases", length_max=PHRASE_LENGTH_MAX)
    size = len(msgspec.json.encode(phrases))
    if size > PHRASES_BYTES_MAX:
        raise Invalid(f"phrases have {size} bytes; at most {PHRASES_BYTES_MAX} are accepted.", "phrases")

    async def step(desk: Desk, _lost: int) -> tuple[str, ...]:
        done = mark(call, _phrases, phrases, desk.clock.now())
        await commit(desk, [visitor_words.write_phrases(call.tenant, phrases), *done])
        return phrases

    saved, _ = await attempt_once(desk, call, _phrases, step)
    return saved


async def _latest(desk: Desk, call: Call, channel: Channel) -> Session:
    loaded = await sessions.newest(desk.store, call.tenant, call.by.user_name, channel)
    if loaded is None:
        raise NotFound(RefusalCode.SESSION_NOT_FOUND, "The visitor has no session on this channel.")
    return loaded.value.session
