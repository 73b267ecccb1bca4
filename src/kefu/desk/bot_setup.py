"""What a tenant's bot says, and what it knows."""

from collections.abc import Callable

from kefu.dataclass import dataclass
from kefu.desk.access import require_staff
from kefu.desk.attempts import commit
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.input import at_most, message_text, named
from kefu.desk.once import attempt_once, mark
from kefu.domain.bot import BotConfiguration, FaqEntry, Menu, Webhook
from kefu.domain.bounds import (
    BOT_TIMEOUT_MS_MAX,
    FAQ_ANSWER_LENGTH_MAX,
    FAQ_ENTRIES_MAX,
    FAQ_PHRASINGS_MAX,
    FAQ_QUESTION_LENGTH_MAX,
    MENU_ENTRIES_MAX,
)
from kefu.domain.refusals import Invalid, NotFound, RefusalCode
from kefu.domain.web_target import TargetRefused, read_target
from kefu.records import bots
from kefu.records.bots import LoadedBot
from kefu.records.codec import Codec
from kefu.store.port import Write

_MISSES_MAX = 100
_SECRET_LENGTH_MAX = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class BotChanged:
    name: str = ""
    """The question that was saved or deleted."""


_results = Codec(BotChanged)


async def save_bot(desk: Desk, call: Call, change: Callable[[BotConfiguration], BotConfiguration]) -> BotChanged:
    """`change` makes the new set-up of the old. Raises `Invalid`."""

    def save(known: LoadedBot) -> tuple[BotConfiguration, list[Write]]:
        configuration = change(known.configuration)
        _check(configuration, allows_private=desk.allows_private_webhooks)
        return configuration, []

    return await _change(desk, call, BotChanged(), save)


async def save_faq_entry(desk: Desk, call: Call, entry: FaqEntry) -> BotChanged:
    """Makes the entry of this question, or changes it. Raises `Invalid`."""
    _question(entry.question, "question")
    for field, phrasings in (("similarQuestions", entry.similar), ("keywords", entry.keywords)):
        if len(phrasings) > FAQ_PHRASINGS_MAX:
            raise Invalid(f"{field} has {len(phrasings)} entries; at most {FAQ_PHRASINGS_MAX} are accepted.", field)
        for each in phrasings:
            _question(each, field)
    _answer(entry.answer, "answer")

    def save(known: LoadedBot) -> tuple[BotConfiguration, list[Write]]:
        is_new = all(each.question != entry.question for each in known.faq)
        if is_new and len(known.faq) >= FAQ_ENTRIES_MAX:
            raise Invalid(f"A bot knows at most {FAQ_ENTRIES_MAX} questions. Delete one first.", "question")
        return known.configuration, [bots.write_entry(call.tenant, entry)]

    return await _change(desk, call, BotChanged(name=entry.question), save)


async def delete_faq_entry(desk: Desk, call: Call, question: str) -> BotChanged:
    """Raises `NotFound`."""

    def delete(known: LoadedBot) -> tuple[BotConfiguration, list[Write]]:
        if all(each.question != question for each in known.faq):
            raise NotFound(
                RefusalCode.FAQ_ENTRY_NOT_FOUND, "The bot knows no such question. Check its wording.", "question"
            )
        return known.configuration, [bots.delete_entry(call.tenant, question)]

    return await _change(desk, call, BotChanged(name=question), delete)


async def _change(
    desk: Desk, call: Call, changed: BotChanged, change: Callable[[LoadedBot], tuple[BotConfiguration, list[Write]]]
) -> BotChanged:
    require_staff(call.by)

    async def step(desk: Desk, _lost: int) -> BotChanged:
        known = await desk.bot_setups.load(desk.store, call.tenant)
        configuration, writes = change(known)
        head = bots.write(call.tenant, configuration, known.version)
        await commit(desk, [*writes, head, *mark(call, _results, changed, desk.clock.now())])
        return changed

    done, _ = await attempt_once(desk, call, _results, step)
    return done


def _check(configuration: BotConfiguration, *, allows_private: bool) -> None:
    _answer(configuration.greeting, "greeting")
    _answer(configuration.fallback, "fallback")
    if not 0 <= configuration.misses_max <= _MISSES_MAX:
        raise Invalid(
            f"handsOverAfter must be 0 to {_MISSES_MAX}; with 0 the bot never does by itself.", "handsOverAfter"
        )
    if configuration.menu:
        _check_menu(configuration.menu)
    if configuration.webhook:
        _check_webhook(configuration.webhook, allows_private=allows_private)


def _check_menu(menu: Menu) -> None:
    _question(menu.title, "menu")
    if not 0 < len(menu.entries) <= MENU_ENTRIES_MAX:
        raise Invalid(f"A menu has 1 to {MENU_ENTRIES_MAX} entries.", "menu")
    if len({entry.id for entry in menu.entries}) < len(menu.entries):
        raise Invalid("Two entries of the menu have the same id. Give each its own.", "menu")
    for entry in menu.entries:
        named(entry.id, "menu")
        _question(entry.name, "menu")
        if entry.leads_to_human == bool(entry.answer.strip()):
            raise Invalid(f"The entry {entry.name} must either have an answer or lead to a human.", "menu")
        at_most(message_text(entry.answer), "menu", FAQ_ANSWER_LENGTH_MAX)


def _check_webhook(webhook: Webhook, *, allows_private: bool) -> None:
    try:
        read_target(webhook.url, allows_private=allows_private)
    except TargetRefused as refused:
        raise Invalid(str(refused), "webhookUrl") from refused
    at_most(webhook.secret, "webhookSecret", _SECRET_LENGTH_MAX)
    if not 0 < webhook.timeout_ms <= BOT_TIMEOUT_MS_MAX:
        raise Invalid(f"webhookTimeout must be over 0 and at most {BOT_TIMEOUT_MS_MAX // 1_000} s.", "webhookTimeout")


def _question(text: str, field: str) -> None:
    named(text, field, length_max=FAQ_QUESTION_LENGTH_MAX)


def _answer(text: str, field: str) -> None:
    if not message_text(text).strip():
        raise Invalid(f"{field} is empty. Say what the visitor shall read.", field)
    at_most(text, field, FAQ_ANSWER_LENGTH_MAX)
