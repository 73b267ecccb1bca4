"""A session's rating: asked for, given once, and kept apart where it does not count.

A rating is an entry of the session's log, like everything that happens in it, and a record of its own in the same
commit, listed by time: reports are made of those. What does not count is such a record alone.
"""

from kefu.dataclass import dataclass
from kefu.desk.access import require_own_session, session_not_found
from kefu.desk.attempts import attempt, commit
from kefu.desk.call import Call, Caller, Role
from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.input import at_most, message_text
from kefu.desk.once import attempt_once, mark
from kefu.domain.bounds import COMMENT_LENGTH_MAX, INVALID_RATINGS_MAX, NAME_LENGTH_MAX, TAGS_MAX
from kefu.domain.log_writer import LogWriter
from kefu.domain.rating import STARS, InvalidRating, InvalidRatingReason, Rating, RatingAnswers, require_ratable
from kefu.domain.refusals import Declined, Invalid, RefusalCode
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef
from kefu.records import ratings, sessions
from kefu.records.codec import Codec
from kefu.records.sessions import LoadedSession

_INVALID = {
    RefusalCode.RATING_TOO_LATE: InvalidRatingReason.TOO_LATE,
    RefusalCode.RATING_NOT_POSSIBLE: InvalidRatingReason.NOT_SERVED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RatingStep:
    session: SessionRef


_results = Codec(RatingStep)


async def invite_rating(desk: Desk, call: Call, ref: SessionRef) -> RatingStep:
    """Asks the visitor for a rating; again, if he has not given one. Raises `NotFound` or `Declined`."""
    if call.by.role is Role.VISITOR:
        raise Declined(RefusalCode.NOT_ALLOWED, "A visitor rates with ratingSubmit; ratingInvite is for agents.")

    async def step(desk: Desk, _lost: int) -> RatingStep:
        loaded, changes = await _ratable(desk, call, ref)
        session = loaded.value.session
        if session.state not in (SessionState.ACTIVE, SessionState.CLOSED):
            raise Declined(
                RefusalCode.SESSION_NOT_ACTIVE, "The session waits. Invite once an agent has it.", "sessionId"
            )
        writer = LogWriter(changes.now, session)
        writer.rating_invited()
        return await _commit(desk, call, changes, loaded, writer)

    invited, _ = await attempt_once(desk, call, _results, step)
    return invited


async def submit_rating(desk: Desk, call: Call, ref: SessionRef, answers: RatingAnswers) -> RatingStep:
    """Of a session that an agent served, once, until a while after its end.

    Raises `Invalid` for a score that is none, `NotFound`, or `Declined` with RATING_EXISTS, RATING_TOO_LATE,
    RATING_NOT_POSSIBLE.
    """
    if call.by.role not in (Role.PARTNER, Role.VISITOR):
        raise Declined(RefusalCode.NOT_ALLOWED, "Only the visitor rates, or the tenant's back end for him.")
    _check(answers)

    async def step(desk: Desk, _lost: int) -> RatingStep:
        loaded, changes = await _ratable(desk, call, ref)
        session = loaded.value.session
        writer = LogWriter(changes.now, session)
        writer.rated(answers.stars)
        given = Rating(ref=ref, agent=session.agent, skill_group=session.skill_group, answers=answers, at=changes.now)
        changes.add(ratings.write(call.tenant, given))
        return await _commit(desk, call, changes, loaded, writer)

    rated, _ = await attempt_once(desk, call, _results, step)
    return rated


async def rate_or_keep_apart(
    desk: Desk, call: Call, ref: SessionRef, answers: RatingAnswers | None, *, score: str, comment: str
) -> None:
    """For a client that hears no refusals: what does not count is kept, and a second rating changes nothing.

    `answers` is None where the score is none; `score` is as it came.
    """
    reason = InvalidRatingReason.NO_SCORE
    if answers is not None:
        try:
            await submit_rating(desk, call, ref, answers)
        except Declined as declined:
            if declined.code not in _INVALID:
                if declined.code is RefusalCode.RATING_EXISTS:
                    return
                raise
            reason = _INVALID[declined.code]
        else:
            return
    await attempt(desk, lambda desk, _: _keep_apart(desk, call.by, ref, reason, score, comment))


async def _keep_apart(  # noqa: PLR0917  as it comes
    desk: Desk, by: Caller, ref: SessionRef, reason: InvalidRatingReason, score: str, comment: str
) -> None:
    if await ratings.count_invalid(desk.store, by.tenant, ref.id) >= INVALID_RATINGS_MAX:
        return
    now = desk.clock.now()
    kept = InvalidRating(
        id=desk.new_id(now),
        ref=ref,
        reason=reason,
        score=score[:NAME_LENGTH_MAX],
        comment=comment[:COMMENT_LENGTH_MAX],
        at=now,
    )
    await commit(desk, [ratings.write_invalid(by.tenant, kept)])


async def _ratable(desk: Desk, call: Call, ref: SessionRef) -> tuple[LoadedSession, Changeset]:
    [loaded] = await sessions.load(desk.store, call.tenant, [ref])
    if loaded is None:
        raise session_not_found()
    require_own_session(call.by, loaded.value.session)
    settings = (await desk.directories.load(desk.store, call.tenant)).directory.settings
    changes = Changeset(call.tenant, desk.clock.now(), settings.ranking)
    require_ratable(loaded.value.session, settings, changes.now)
    return loaded, changes


async def _commit(desk: Desk, call: Call, changes: Changeset, loaded: LoadedSession, writer: LogWriter) -> RatingStep:
    done = RatingStep(session=loaded.value.session.ref)
    changes.step(loaded, writer)
    changes.add(*mark(call, _results, done, changes.now))
    await changes.commit(desk)
    return done


def _check(answers: RatingAnswers) -> None:
    if answers.stars not in STARS:
        raise Invalid(f"score is {answers.stars}; it must be {STARS[0]} to {STARS[-1]}.", "score")
    at_most(message_text(answers.comment), "comment", COMMENT_LENGTH_MAX)
    if len(answers.tags) > TAGS_MAX:
        raise Invalid(f"{len(answers.tags)} tags were sent; at most {TAGS_MAX} are accepted.", "tags")
    for tag in answers.tags:
        at_most(message_text(tag), "tags", NAME_LENGTH_MAX)
