from collections.abc import Sequence

import strawberry

from kefu.api import define
from kefu.api.scalars import Duration, Url
from kefu.domain import bot as domain
from kefu.domain.bot import MenuShape


@define.type(description="One line of the bot's menu.")
class BotMenuEntry:
    id: str = strawberry.field(description="What a click sends back, where the menu has the shape ITEMS.")
    name: str = strawberry.field(description="What it shows, and what a click sends as text.")
    answer: str | None = strawberry.field(description="What the bot says to it; null where it leads to a human.")
    leads_to_human: bool = strawberry.field(description="Whether it takes the visitor to a human.")


@define.type(description="What the bot offers to choose from.")
class BotMenu:
    title: str = strawberry.field(description="The words above it.")
    shape: MenuShape = strawberry.field(description="How clients read it.")
    entries: list[BotMenuEntry] = strawberry.field(description="Its lines, in order.")


@define.type(description="The bot that receives visitors on the channels that have one.")
class Bot:
    greeting: str = strawberry.field(description="What it says first.")
    fallback: str = strawberry.field(description="What it says when it has no answer.")
    menu: BotMenu | None = strawberry.field(description="What it offers with the greeting.")
    hands_over_after: int = strawberry.field(
        description="How many questions in a row it may have no answer to before it asks for a human; 0: any number."
    )
    webhook_url: Url | None = strawberry.field(description="The tenant's own bot, asked in place of the built-in one.")
    webhook_timeout: Duration | None = strawberry.field(description="How long that may take.")

    @classmethod
    def of(cls, value: domain.BotConfiguration) -> "Bot":
        return cls(
            greeting=value.greeting,
            fallback=value.fallback,
            menu=_menu(value.menu) if value.menu else None,
            hands_over_after=value.misses_max,
            webhook_url=Url(value.webhook.url) if value.webhook else None,
            webhook_timeout=Duration(value.webhook.timeout_ms) if value.webhook else None,
        )


@define.type(description="A question that the built-in bot can answer.")
class FaqEntry:
    question: str = strawberry.field(description="As a visitor would ask it. It names the entry.")
    similar_questions: list[str] = strawberry.field(description="Other ways to ask it.")
    keywords: list[str] = strawberry.field(description="A message that holds one of them asks it.")
    answer: str = strawberry.field(description="What the bot says.")

    @classmethod
    def of(cls, value: domain.FaqEntry) -> "FaqEntry":
        return cls(
            question=value.question,
            similar_questions=list(value.similar),
            keywords=list(value.keywords),
            answer=value.answer,
        )


def _menu(value: domain.Menu) -> BotMenu:
    return BotMenu(title=value.title, shape=value.shape, entries=_entries(value.entries))


def _entries(entries: Sequence[domain.MenuEntry]) -> list[BotMenuEntry]:
    return [
        BotMenuEntry(id=entry.id, name=entry.name, answer=entry.answer or None, leads_to_human=entry.leads_to_human)
        for entry in entries
    ]
