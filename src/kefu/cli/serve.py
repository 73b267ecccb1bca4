from socket import IPPROTO_TCP, TCP_NODELAY

import click

from kefu.bootstrap import build_app, signing_secret
from kefu.cli.options import settings_with, store_option, with_desk
from kefu.demo.tenant import TENANT, demo_tokens, open_demo_tenant
from kefu.desk.desk import Desk
from kefu.records import tenants
from kefu.settings import Environment


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@store_option
@click.option("--demo", is_flag=True, help="With the demo tenant, in memory.")
def serve(host: str, port: int, store_url: str | None, *, demo: bool) -> None:
    """Run the server here."""
    import uvicorn  # noqa: PLC0415  only `serve` needs a server installed

    if demo and store_url not in (None, "memory:"):
        raise click.UsageError("--demo plays in memory; leave out --store.")
    settings = settings_with("memory:" if demo else store_url)
    if demo and settings.environment is Environment.PRODUCTION:
        raise click.UsageError("--demo has published credentials: it does not serve with KEFU_ENV=production.")
    secret = signing_secret(settings)

    async def run(desk: Desk) -> None:
        config = uvicorn.Config(
            build_app(desk, settings, secret),
            host=host,
            port=port,
            log_level=settings.log_level.lower(),
            ws="websockets-sansio",
            ws_per_message_deflate=False,
        )
        socket = config.bind_socket()
        socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)  # a socket bound before the loop does not get it by itself
        url = f"http://{host}:{socket.getsockname()[1]}"
        if demo:
            await open_demo_tenant(desk)
            _greet_demo(desk, secret, url)
        else:
            await _greet(desk, settings.store, url)
        await uvicorn.Server(config).serve(sockets=[socket])

    with_desk(settings, run)


async def _greet(desk: Desk, store: str, url: str) -> None:
    known, _ = await tenants.load_page(desk.store, limit=1)
    click.echo(f"Kefu is about to answer at {url}, with store {store}.")
    if not known:
        click.echo(f"There is no tenant yet. Make one with: kefu tenant create NAME --store {store}")


def _greet_demo(desk: Desk, secret: str, url: str) -> None:
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
