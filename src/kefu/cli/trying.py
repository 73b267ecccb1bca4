"""Commands for trying things: the demo day, tokens, the schema, a dry run."""

import json
from contextlib import closing
from pathlib import Path

import click

from kefu.api.schema import build_schema
from kefu.bootstrap import signing_secret
from kefu.cli.options import settings_with, store_option
from kefu.demo.client import DemoClient, DemoFailed
from kefu.demo.day import DemoDay
from kefu.demo.tenant import TENANT
from kefu.desk.bearer_tokens import TOKEN_LIFE_MS, sign
from kefu.desk.call import Caller, Role
from kefu.desk.clock import SystemClock

DEFAULT_URL = "http://127.0.0.1:8000"

url_option = click.option("--url", default=DEFAULT_URL, show_default=True, help="A running server.")


@click.command()
@url_option
def demo(url: str) -> None:
    """Play one day at the demo shop against a running server."""
    try:
        with closing(DemoClient(url)) as client:
            DemoDay(client, click.echo).play()
    except DemoFailed as failed:
        raise click.ClickException(str(failed)) from failed


@click.command()
@click.option("--tenant", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--user", default="", help="The agent's login or the visitor's user name.")
@store_option
def token(tenant: str, role: str, user: str, store_url: str | None) -> None:
    """Print a bearer token for trying things, signed with the deployment's secret."""
    settings = settings_with(store_url)
    if settings.secret is None and not settings.store.startswith("sqlite:"):
        raise click.UsageError("Set KEFU_SECRET to the server's secret; a token of any other is worth nothing.")
    if role in (Role.AGENT, Role.VISITOR) and not user:
        raise click.UsageError(f"A token of role {role} needs --user.")
    caller = Caller(tenant=tenant, role=Role(role), user_name=user or "cli")
    click.echo(sign(caller, SystemClock().now() + TOKEN_LIFE_MS, signing_secret(settings)))


@click.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead.")
def schema(output: Path | None) -> None:
    """Print the GraphQL schema."""
    text = build_schema().as_str() + "\n"
    if output:
        output.write_text(text)
    else:
        click.echo(text, nl=False)


@click.command()
@url_option
@click.option("--tenant", default=TENANT, show_default=True)
@click.option("--visitor", required=True)
@click.option("--ext", default="{}", help='For example {"weichat": {"queueName": "售前"}}')
@click.option(
    "--token", "bearer", envvar="KEFU_TOKEN", help="A partner's or supervisor's; the demo's credentials if left out."
)
def explain(url: str, tenant: str, visitor: str, ext: str, bearer: str | None) -> None:
    """Tell what would happen to a visitor's message now. Changes nothing."""
    try:
        parsed = json.loads(ext)
    except json.JSONDecodeError as invalid:
        raise click.BadParameter(f"not valid JSON: {invalid}", param_hint="--ext") from invalid
    try:
        with closing(DemoClient(url, tenant=tenant, bearer=bearer)) as client:
            for line in client.explain(visitor, parsed):
                click.echo(line)
    except DemoFailed as failed:
        raise click.ClickException(str(failed)) from failed
