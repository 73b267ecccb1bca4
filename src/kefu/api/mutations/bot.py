from dataclasses import replace
from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.mutations.message import KEY
from kefu.api.queries.bots import load_bot, load_faq
from kefu.api.scalars import Duration, Url
from kefu.api.types.bot import Bot, FaqEntry
from kefu.desk.bot_setup import delete_faq_entry, save_bot, save_faq_entry
from kefu.domain import bot as domain
from kefu.domain.bot import MenuShape


@define.input(description="One line of the bot's menu: it has an answer or leads to a human.")
class BotMenuEntryInput:
    id: str = strawberry.field(description="What a click sends back; its own in the menu.")
    name: str = strawberry.field(description="What it shows.")
    answer: str | None = strawberry.field(default=None, description="What the bot says to it.")
    leads_to_human: bool = strawberry.field(default=False, description="Whether it takes the visitor to a human.")


@define.input(description="What the bot offers to choose from.")
class BotMenuInput:
    title: str = strawberry.field(description="The words above it.")
    shape: MenuShape = strawberry.field(default=MenuShape.ITEMS, description="How clients read it.")
    entries: list[BotMenuEntryInput] = strawberry.field(description="Its lines, in order; none takes the menu away.")


@define.input(description="How the bot behaves; what is left out stays as it is.")
class BotSaveInput:
    greeting: str | None = strawberry.field(default=None, description="What it says first.")
    fallback: str | None = strawberry.field(default=None, description="What it says when it has no answer.")
    menu: BotMenuInput | None = strawberry.field(default=None, description="What it offers with the greeting.")
    hands_over_after: int | None = strawberry.field(
        default=None, description="After so many questions in a row without an answer it asks for a human; 0: never."
    )
    webhook_url: Url | None = strawberry.field(
        default=None, description="The tenant's own bot, asked in place of the built-in one; empty for none."
    )
    webhook_secret: str | None = strawberry.field(
        default=None, description="Signs the calls to it. It is never shown again."
    )
    webhook_timeout: Duration | None = strawberry.field(
        default=None, description="How long it may take, up to 10 s; 3 s at first."
    )
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class BotSavePayload:
    bot: Bot | None = strawberry.field(default=None, description="The bot as it is now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="A question for the built-in bot to answer; it is made, or changed whole.")
class FaqEntrySaveInput:
    question: str = strawberry.field(description="As a visitor would ask it. It names the entry.")
    similar_questions: list[str] = strawberry.field(default_factory=list, description="Other ways to ask it.")
    keywords: list[str] = strawberry.field(default_factory=list, description="A message that holds one asks it.")
    answer: str = strawberry.field(description="What the bot says.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class FaqEntrySavePayload:
    faq_entry: FaqEntry | None = strawberry.field(default=None, description="The entry as it is now.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.input(description="A question that the bot shall no longer answer.")
class FaqEntryDeleteInput:
    question: str = strawberry.field(description="The question, exactly.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="What became of it.")
class FaqEntryDeletePayload:
    deleted_question: str | None = strawberry.field(default=None, description="Which is gone.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


Save = Annotated[BotSaveInput, strawberry.argument(description="The bot.")]
EntrySave = Annotated[FaqEntrySaveInput, strawberry.argument(description="The entry.")]
EntryDelete = Annotated[FaqEntryDeleteInput, strawberry.argument(description="Which entry.")]


@refusals_as_data(BotSavePayload)
async def bot_save(info: Info, input: Save) -> BotSavePayload:  # noqa: A002  the contract's name
    def changed(known: domain.BotConfiguration) -> domain.BotConfiguration:
        return replace(
            known,
            greeting=known.greeting if input.greeting is None else input.greeting,
            fallback=known.fallback if input.fallback is None else input.fallback,
            menu=known.menu if input.menu is None else _menu(input.menu),
            misses_max=known.misses_max if input.hands_over_after is None else input.hands_over_after,
            webhook=_webhook(input, known.webhook),
        )

    await save_bot(info.context.desk, info.context.call("botSave", input), changed)
    return BotSavePayload(bot=await load_bot(info))


@refusals_as_data(FaqEntrySavePayload)
async def faq_entry_save(info: Info, input: EntrySave) -> FaqEntrySavePayload:  # noqa: A002  as above
    entry = domain.FaqEntry(
        question=input.question,
        similar=tuple(input.similar_questions),
        keywords=tuple(input.keywords),
        answer=input.answer,
    )
    done = await save_faq_entry(info.context.desk, info.context.call("faqEntrySave", input), entry)
    found = [each for each in await load_faq(info) if each.question == done.name]
    return FaqEntrySavePayload(faq_entry=found[0] if found else None)


@refusals_as_data(FaqEntryDeletePayload)
async def faq_entry_delete(info: Info, input: EntryDelete) -> FaqEntryDeletePayload:  # noqa: A002  as above
    call = info.context.call("faqEntryDelete", input)
    done = await delete_faq_entry(info.context.desk, call, input.question)
    return FaqEntryDeletePayload(deleted_question=done.name)


def _menu(given: BotMenuInput) -> domain.Menu | None:
    entries = tuple(
        domain.MenuEntry(id=each.id, name=each.name, answer=each.answer or "", leads_to_human=each.leads_to_human)
        for each in given.entries
    )
    return domain.Menu(title=given.title, entries=entries, shape=given.shape) if entries else None


def _webhook(given: BotSaveInput, known: domain.Webhook | None) -> domain.Webhook | None:
    url = (known.url if known else "") if given.webhook_url is None else given.webhook_url
    if not url:
        return None
    changed = domain.Webhook(url=url) if known is None else replace(known, url=url)
    if given.webhook_secret is not None:
        changed = replace(changed, secret=given.webhook_secret)
    return changed if given.webhook_timeout is None else replace(changed, timeout_ms=given.webhook_timeout)
