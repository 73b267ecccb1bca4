"""`kefu`: serve, try, look."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import click

from kefu.api.schema import build_schema
from kefu.bootstrap import build_app, open_store, signing_secret
from kefu.demo.client import DemoClient, DemoFailed
from kefu.demo.day import DemoDay
from kefu.demo.tenant import TENANT, demo_tokens, open_demo_tenant
from kefu.desk.bearer_tokens import TOKEN_LIFE_MS, sign
from kefu.desk.call import Caller, Role
from kefu.desk.clock import SystemClock
from kefu.desk.desk import Desk
from kefu.settings import Settings, SettingWrong, read_settings

DEFAULT_URL = "http://127.0.0.1:8000"


@click.group()
def main() -> None:
    """Customer-service routing that you run yourself."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--store", "store_url", help="memory:")
@click.option("--demo", is_flag=True, help="With the demo tenant, in memory.")
def serve(host: str, port: int, store_url: str | None, *, demo: bool) -> None:
    """Run the server here."""
    import uvicorn  # noqa: PLC0415  only `serve` needs a server installed

    settings = _settings()
    settings = replace(settings, store="memory:" if demo else store_url or settings.store)
    try:
        desk = Desk(store=open_store(settings.store))
    except SettingWrong as wrong:
        raise click.UsageError(str(wrong)) from wrong
    secret = signing_secret(settings)
    if demo:
        asyncio.run(open_demo_tenant(desk))
        _greet(desk, secret, f"http://{host}:{port}")
    config = uvicorn.Config(
        build_app(desk, settings, secret),
        host=host,
        port=port,
        log_level=settings.log_level.lower(),
        ws="websockets-sansio",
        ws_per_message_deflate=False,
    )
    uvicorn.Server(config).run()


@main.command()
@click.option("--url", default=DEFAULT_URL, show_default=True)
def demo(url: str) -> None:
    """Play one day at the demo shop against a running server."""
    try:
        client = DemoClient(url)
        DemoDay(client, click.echo).play()
    except DemoFailed as failed:
        raise click.ClickException(str(failed)) from failed
    client.close()


@main.command()
@click.option("--tenant", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--user", default="", help="The agent's login or the visitor's user name.")
def token(tenant: str, role: str, user: str) -> None:
    """Print a bearer token for trying things, signed with KEFU_SECRET."""
    settings = _settings()
    if settings.secret is None:
        raise click.UsageError("Set KEFU_SECRET to the server's secret; a token of any other is worth nothing.")
    if role in (Role.AGENT, Role.VISITOR) and not user:
        raise click.UsageError(f"A token of role {role} needs --user.")
    caller = Caller(tenant=tenant, role=Role(role), user_name=user or "cli")
    click.echo(sign(caller, SystemClock().now() + TOKEN_LIFE_MS, settings.secret))


@main.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead.")
def schema(output: Path | None) -> None:
    """Print the GraphQL schema."""
    text = build_schema().as_str() + "\n"
    if output:
        output.write_text(text)
    else:
        click.echo(text, nl=False)


@main.command()
@click.option("--url", default=DEFAULT_URL, show_default=True)
@click.option("--tenant", default=TENANT, show_default=True)
@click.option("--visitor", required=True)
@click.option("--ext", default="{}", help='For example {"weichat": {"queueName": "售前"}}')
@click.option(
    "--token", "bearer", envvar="KEFU_TOKEN", help="A partner's or supervisor's token; demo credentials if left out."
)
def explain(url: str, tenant: str, visitor: str, ext: str, bearer: str | None) -> None:
    """Tell what would happen to a visitor's message now. Changes nothing."""
    try:
        parsed = json.loads(ext)
    except json.JSONDecodeError as invalid:
        raise click.BadParameter(f"not valid JSON: {invalid}", param_hint="--ext") from invalid
    try:
        client = DemoClient(url, tenant=tenant, bearer=bearer)
        for line in client.explain(visitor, parsed):
            click.echo(line)
    except DemoFailed as failed:
        raise click.ClickException(str(failed)) from failed
    client.close()


def _settings() -> Settings:
    try:
        return read_settings()
    except SettingWrong as wrong:
        raise click.UsageError(str(wrong)) from wrong


def _greet(desk: Desk, secret: str, url: str) -> None:
    tokens = demo_tokens(desk, secret)
    click.echo(
        f"""
Kefu is about to answer at {url} with demo tenant {TENANT}, in memory. Try next:

  kefu demo --url {url}          one day at a shop, with the reason of every decision
                                 (in a clone: .venv/bin/kefu)
  {url}/graphql        the API in your browser, with this header:

  partner   Authorization: Bearer {tokens.partner}
  agent     Authorization: Bearer {tokens.agent}
  visitor   Authorization: Bearer {tokens.visitor}
"""
    )
