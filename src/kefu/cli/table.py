"""`kefu table`: the DynamoDB table that a store lies in."""

import click

from kefu.cli.options import settings_with, store_option, with_desk
from kefu.desk.desk import Desk
from kefu.store.dynamodb import DynamoStore


@click.group()
def table() -> None:
    """Make a DynamoDB table."""


@table.command()
@store_option
def create(store_url: str | None) -> None:
    """Make the table of dynamodb:TABLE, for an engine on a laptop and for trials.

    For production deploy infra/table.yml: that table has backups and is protected from deletion.
    """
    settings = settings_with(store_url)
    if not settings.store.startswith("dynamodb:"):  # before it is opened: a SQLite file would be made
        raise click.UsageError(f"This is for dynamodb:TABLE, and the store is {settings.store!r}.")

    async def make(desk: Desk) -> None:
        assert isinstance(desk.store, DynamoStore)  # noqa: S101  its scheme says so
        await desk.store.create_table()
        click.echo(f"Table {desk.store.table} is made. Next: kefu tenant create NAME --store '{settings.store}'")

    with_desk(settings, make)
