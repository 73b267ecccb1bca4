"""What several commands read: the settings and the store."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import click
from dotenv import dotenv_values

from kefu.bootstrap import open_store, webhook_bot
from kefu.desk.desk import Desk
from kefu.domain.refusals import Refusal
from kefu.settings import Settings, SettingWrong, read_settings
from kefu.store.port import StoreError

T = TypeVar("T")

store_option = click.option(
    "--store", "store_url", help="memory:, sqlite:PATH or dynamodb:TABLE; KEFU_STORE, or sqlite:kefu.db, if left out."
)


def settings_with(store_url: str | None) -> Settings:
    """The environment's settings. Ends the command with the variable's name if one is wrong."""
    try:
        settings = read_settings({**_dotenv(), **os.environ})
    except SettingWrong as wrong:
        raise click.UsageError(str(wrong)) from wrong
    return replace(settings, store=store_url) if store_url else settings


def _dotenv() -> dict[str, str]:
    """What a file `.env` in this folder sets; the environment goes before it."""
    return {name: value for name, value in dotenv_values(".env").items() if value is not None}


def with_desk(settings: Settings, work: Callable[[Desk], Awaitable[T]]) -> T:
    """Runs `work` on a desk over the settings' store. What it cannot do ends the command with a sentence."""

    async def opened() -> T:
        desk = Desk(store=await open_store(settings.store), webhook_bot=webhook_bot(settings))
        try:
            return await work(desk)
        except StoreError as failure:
            say = str(failure) or type(failure).__name__
            raise click.ClickException(f"{say}\nkefu doctor --store '{settings.store}' says more.") from failure
        finally:
            await desk.store.close()

    try:
        return asyncio.run(opened())
    except SettingWrong as wrong:
        raise click.UsageError(str(wrong)) from wrong
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from refusal
    except StoreError as failure:
        raise click.ClickException(str(failure) or type(failure).__name__) from failure
