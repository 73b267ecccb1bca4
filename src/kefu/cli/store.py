"""`kefu store`: what an operator does to a store as a whole."""

import asyncio
from pathlib import Path

import click

from kefu.cli.options import settings_with, store_option
from kefu.store.port import StoreError


@click.group()
def store() -> None:
    """Look after a store."""


@store.command("expire-cursors")
@store_option
def expire_cursors(store_url: str | None) -> None:
    """Expire all cursors of a SQLite file that was restored from a backup.

    Do it before the server starts again: a cursor given out after the backup was taken would skip events.
    """
    file = _sqlite_file(settings_with(store_url).store)
    try:
        asyncio.run(_expire_positions(file))
    except StoreError as failure:
        raise click.ClickException(str(failure) or type(failure).__name__) from failure
    click.echo(f"All cursors given out for {file} until now have expired. Clients read anew, then follow from there.")


def _sqlite_file(url: str) -> Path:
    scheme, _, path = url.partition(":")
    if scheme != "sqlite" or not path:
        raise click.UsageError(
            f"This is for sqlite:PATH, and the store is {url!r}: name the restored file with --store."
        )
    if not Path(path).is_file():  # opening it would make a new store, and leave the restored one as it is
        raise click.ClickException(f"There is no file {path}: name the restored file with --store sqlite:PATH.")
    return Path(path)


async def _expire_positions(file: Path) -> None:
    from kefu.store.sqlite import SqliteStore  # noqa: PLC0415  a backend is loaded when it is asked for

    opened = await SqliteStore.open(file)
    try:
        await opened.expire_positions()
    finally:
        await opened.close()
