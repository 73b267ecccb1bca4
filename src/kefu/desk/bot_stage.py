"""The bot's turn: asked after the visitor's message is committed, its answer is a commit of its own.

Nothing waits for a bot inside a commit's attempt. By the time it has answered, the visitor may have got a human, or
gone: its answer counts only while the session is with the bot and nothing later was answered. A session whose answer
was lost on the way says so itself (`Session.owed_answer`); the visitor's next message, the repeated one, or the sweep
asks again.
"""

import asyncio
import logging

from kefu.bots.port import BotFailed
from kefu.dataclass import dataclass
from kefu.desk.attempts import attempt, left_to_the_next_look
from kefu.desk.changeset import Changeset
from kefu.desk.declining import dispatch_or_decline
from kefu.desk.desk import Desk
from kefu.desk.dispatching import decide_for
from kefu.desk.input import json_text
from kefu.desk.looking import look
from kefu.domain.bot import BotAnswer, BotQuestion, BotReply, Handover, reply_ext, reply_payload
from kefu.domain.bounds import BOT_RECENT_MAX, BOT_REPLIES_MAX
from kefu.domain.decision import DispatchReason, DispatchTrigger
from kefu.domain.directory import TenantSettings
from kefu.domain.log_writer import LogWriter
from kefu.domain.message import Message, MessageSender
from kefu.domain.session import Session, SessionState
from kefu.domain.session_ref import SessionRef
from kefu.records import sessions

log = logging.getLogger("kefu.desk.bot")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """What a bot made of a question."""

    seq: int
    """Number of the message it answers."""
    replies: tuple[BotReply, ...] = ()
    handover: Handover | None = None


async def answer_by_bot(desk: Desk, tenant: str, ref: SessionRef) -> None:
    """Asks the bot for the answer that it owes, if it owes one, and commits it.

    What brought the caller here is committed: an answer that does not come through is left to the next look.
    """
    with left_to_the_next_look():
        question, has_bot = await attempt(desk, lambda desk, _: _question(desk, tenant, ref))
        if question is None:
            return
        spoken = await _ask(desk, tenant, question) if has_bot else _given_up(question, DispatchReason.NO_BOT)
        is_handed_over = await attempt(desk, lambda desk, lost: _say(desk, tenant, ref, spoken, lost))
        if is_handed_over:
            await look(desk, tenant, ref)


async def _question(desk: Desk, tenant: str, ref: SessionRef) -> tuple[BotQuestion | None, bool]:
    """What is owed an answer, and whether the channel has a bot still."""
    [loaded], setup, known = await asyncio.gather(
        sessions.load(desk.store, tenant, [ref]),
        desk.bot_setups.load(desk.store, tenant),
        desk.directories.load(desk.store, tenant),
    )
    has_bot = known.directory.settings.channel(ref.channel).has_bot
    seq = loaded.value.session.owed_answer if loaded else None
    if loaded is None or seq is None:
        return None, has_bot
    session = loaded.value.session
    entries, _ = await sessions.log_before(desk.store, tenant, ref.id, session.last_seq + 1, BOT_RECENT_MAX)
    entry = next((each for each in entries if each.seq == seq), None)
    entry = entry or await sessions.log_entry(desk.store, tenant, ref.id, seq)
    assert entry is not None  # noqa: S101  the session is the fold of its log
    assert entry.message is not None  # noqa: S101  what is owed an answer was written
    question = BotQuestion(
        ref=ref,
        seq=seq,
        message=entry.message,
        asked_at=desk.clock.now(),
        recent=tuple(each.message for each in reversed(entries) if each.message),
        is_first=not session.answered_seq,
        configuration=setup.configuration,
        faq=setup.faq,
    )
    return question, has_bot


async def _ask(desk: Desk, tenant: str, question: BotQuestion) -> Spoken:
    """Whatever a bot does, its visitor gets an answer or a human."""
    bot = desk.webhook_bot if question.configuration.webhook else desk.built_in_bot
    try:
        answer = await bot.answer(question)
    except BotFailed as failed:
        log.warning("the bot of tenant %s failed in session %s: %s", tenant, question.ref.id, failed)
        return _given_up(question, DispatchReason.BOT_FAILED, str(failed))
    except Exception:  # a bot's own fault is not its visitor's
        log.exception("the bot of tenant %s broke in session %s", tenant, question.ref.id)
        return _given_up(question, DispatchReason.BOT_FAILED, "it broke")
    return _spoken(question, answer)


def _spoken(question: BotQuestion, answer: BotAnswer) -> Spoken:
    handover = Handover(reason=DispatchReason.BOT_HANDED_OVER) if answer.hands_over else None
    if not (answer.replies or handover):
        return _given_up(question, DispatchReason.BOT_FAILED, "an answer that says nothing")
    return Spoken(seq=question.seq, replies=answer.replies[:BOT_REPLIES_MAX], handover=handover)


def _given_up(question: BotQuestion, reason: DispatchReason, detail: str = "") -> Spoken:
    return Spoken(seq=question.seq, handover=Handover(reason=reason, detail=detail))


async def _say(desk: Desk, tenant: str, ref: SessionRef, spoken: Spoken, lost: int) -> bool:
    """Whether the session was handed over. Nothing is said where a human has it, or a later message was answered."""
    [loaded], known = await asyncio.gather(
        sessions.load(desk.store, tenant, [ref]), desk.directories.load(desk.store, tenant)
    )
    session = loaded.value.session if loaded else None
    if loaded is None or session is None or not _may_answer(session, spoken.seq):
        return False
    settings = known.directory.settings
    changes = Changeset(tenant, desk.clock.now(), settings.ranking)
    writer = LogWriter(changes.now, session)
    for reply in spoken.replies:
        writer.bot_message(_message(desk, changes, ref, reply, settings), answers=spoken.seq)
    if spoken.handover:
        await _hand_over(desk, changes, writer, spoken.handover, lost)
    changes.step(loaded, writer)
    await changes.commit(desk)
    return spoken.handover is not None


def _may_answer(session: Session, seq: int) -> bool:
    return session.state is SessionState.BOT and session.answered_seq < seq


async def _hand_over(desk: Desk, changes: Changeset, writer: LogWriter, handover: Handover, lost: int) -> None:
    session = writer.session
    decision = await decide_for(
        desk,
        changes,
        visitor=session.ref.visitor,
        channel=session.channel,
        keys=session.keys,
        asks_for_human=True,
        trigger=DispatchTrigger.HUMAN_REQUESTED,
        lost_claims=lost,
        handover=handover,
    )
    await dispatch_or_decline(desk, changes, writer, session.keys, decision)


def _message(desk: Desk, changes: Changeset, ref: SessionRef, reply: BotReply, settings: TenantSettings) -> Message:
    return Message(
        id=desk.new_id(changes.now),
        sender=MessageSender.BOT,
        type=reply.type,
        text=reply.text,
        payload=json_text(reply_payload(reply)),
        ext=json_text(reply_ext(reply, ref.id, settings.transfer_label)),
        sent_at=changes.now,
    )
