import secrets

import click

from kefu.cli.options import settings_with, store_option, with_desk
from kefu.desk.desk import Desk
from kefu.desk.tenants import Credentials, UnknownTenant, create_tenant, rotate_secret
from kefu.domain.tenant import Tenant
from kefu.records import tenants

_ID_FROM, _ID_BEHIND = 100_000, 1_000_000_000


@click.group()
def tenant() -> None:
    """Make tenants, list them, renew their secrets."""


@tenant.command()
@click.argument("name")
@click.option("--id", "tenant_id", help="A number; one is made up if left out.")
@store_option
def create(name: str, tenant_id: str | None, store_url: str | None) -> None:
    """Make a tenant and show its credentials, this once."""
    settings = settings_with(store_url)
    chosen = tenant_id or str(secrets.choice(range(_ID_FROM, _ID_BEHIND)))
    _show(with_desk(settings, lambda desk: create_tenant(desk, chosen, name)))


@tenant.command("list")
@store_option
def list_(store_url: str | None) -> None:
    """List the tenants."""

    async def all_of(desk: Desk) -> list[Tenant]:
        found: list[Tenant] = []
        after: str | None = ""
        while after is not None:
            page, after = await tenants.load_page(desk.store, after=after, limit=100)
            found.extend(page)
        return found

    for each in with_desk(settings_with(store_url), all_of):
        click.echo(f"{each.id}  {each.name}  clientId {each.client_id}")


@tenant.command()
@click.argument("tenant_id")
@store_option
def rotate(tenant_id: str, store_url: str | None) -> None:
    """Give a tenant a new secret and show it, this once; the old one ends."""
    try:
        _show(with_desk(settings_with(store_url), lambda desk: rotate_secret(desk, tenant_id)))
    except UnknownTenant as unknown:
        raise click.ClickException(f"There is no tenant {tenant_id}. See: kefu tenant list") from unknown


def _show(made: Credentials) -> None:
    click.echo(f"tenant    {made.tenant}\nclientId  {made.client_id}\nsecretId  {made.secret_id}")
    click.echo("Keep the secretId now: it is not shown again.")
