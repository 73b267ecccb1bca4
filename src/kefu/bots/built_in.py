"""The built-in bot: a greeting, a menu, and answers from the tenant's list of questions.

It hands over when the visitor picks an entry that leads to a human, or was not understood too often in a row.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from kefu.bots.ranking import alike, plain
from kefu.domain.bot import BotAnswer, BotQuestion, BotReply, FaqEntry, Menu, MenuEntry, MenuShape
from kefu.domain.bounds import FAQ_QUESTION_LENGTH_MAX
from kefu.domain.message import Message, MessageSender

ANSWERED_AT = 0.6
"""From this likeness on a question counts as asked, …"""
OFFERED_AT = 0.3
"""… and from this on it is offered."""
OFFERED_MAX = 5
_MEANT = "您是不是想问:"


class Ranked(NamedTuple):
    likeness: float
    entry: FaqEntry


class BuiltInBot:
    async def answer(self, question: BotQuestion) -> BotAnswer:
        return answer(question)


def answer(question: BotQuestion) -> BotAnswer:
    said = _said(question)
    if said is None:
        said = BotAnswer() if question.is_first else _missed(question)
    if not question.is_first or said.hands_over:
        return said
    return BotAnswer(replies=(*_greeting(question, is_all=not said.replies), *said.replies))


def _said(question: BotQuestion) -> BotAnswer | None:
    if entry := _picked(question):
        return BotAnswer(hands_over=True) if entry.leads_to_human else BotAnswer(replies=(BotReply(text=entry.answer),))
    text = question.message.text
    if not question.message.says_something or not text.strip():
        return None
    if kept := _by_keyword(text, question.faq):
        return BotAnswer(replies=(BotReply(text=kept.answer),))
    ranked = rank(text, question.faq)
    if ranked and ranked[0].likeness >= ANSWERED_AT:
        return BotAnswer(replies=(BotReply(text=ranked[0].entry.answer),))
    offered = [each for each in ranked if each.likeness >= OFFERED_AT][:OFFERED_MAX]
    return BotAnswer(replies=(_offer(question, offered),)) if offered else None


def rank(text: str, faq: Sequence[FaqEntry]) -> list[Ranked]:
    """The entries by how alike the text is to one of their questions, best first."""
    written = plain(text[: 2 * FAQ_QUESTION_LENGTH_MAX])
    ranked = [
        Ranked(max(alike(written, plain(each)) for each in (entry.question, *entry.similar)), entry) for entry in faq
    ]
    return sorted(ranked, key=lambda each: (-each.likeness, each.entry.question))


def _picked(question: BotQuestion) -> MenuEntry | None:
    """By the id that a click sends, or by the entry's own words."""
    entries = question.configuration.menu.entries if question.configuration.menu else ()
    chosen, text = _menu_id(question.message), question.message.text.strip()
    by_id = next((entry for entry in entries if entry.id == chosen), None)
    return by_id or next((entry for entry in entries if entry.name == text), None)


def _menu_id(message: Message) -> str | None:
    ext = msgspec.json.decode(message.ext, type=dict[str, object]) if message.ext else {}
    msgtype = ext.get("msgtype")
    choice = msgtype.get("choice") if isinstance(msgtype, Mapping) else None
    chosen = choice.get("menuid") if isinstance(choice, Mapping) else None
    return str(chosen) if isinstance(chosen, str | int) else None


def _by_keyword(text: str, faq: Sequence[FaqEntry]) -> FaqEntry | None:
    """The entry whose keyword the text holds; of several the longest says most."""
    folded = text.casefold()
    found = [(len(word), entry) for entry in faq for word in entry.keywords if word.casefold() in folded]
    return max(found, key=lambda each: each[0])[1] if found else None


def _offer(question: BotQuestion, offered: Sequence[Ranked]) -> BotReply:
    menu = question.configuration.menu
    shape = menu.shape if menu else MenuShape.ITEMS
    entries = tuple(
        MenuEntry(id=f"faq-{number}", name=each.entry.question) for number, each in enumerate(offered, start=1)
    )
    return BotReply(text=_MEANT, menu=Menu(title=_MEANT, entries=entries, shape=shape), offers_human=True)


def _missed(question: BotQuestion) -> BotAnswer:
    configuration = question.configuration
    if configuration.misses_max and _misses(question) >= configuration.misses_max:
        return BotAnswer(hands_over=True)
    return BotAnswer(replies=(BotReply(text=configuration.fallback, offers_human=True),))


def _misses(question: BotQuestion) -> int:
    """How often in a row, up to now, it had nothing to say."""
    by_bot = [each.text for each in question.recent if each.sender is MessageSender.BOT]
    misses = 0
    for text in reversed(by_bot):
        if text != question.configuration.fallback:
            break
        misses += 1
    return misses


def _greeting(question: BotQuestion, *, is_all: bool) -> list[BotReply]:
    configuration = question.configuration
    menu = configuration.menu if is_all else None
    greeting = BotReply(text=configuration.greeting, offers_human=is_all and menu is None)
    return [greeting, *([BotReply(text=menu.title, menu=menu, offers_human=True)] if menu else [])]
