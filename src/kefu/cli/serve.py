from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

import click
from click.core import ParameterSource

from kefu.bootstrap import build_app, signing_secret
from kefu.cli.options import settings_with, store_option, with_desk
from kefu.demo.tenant import TENANT, demo_tokens, open_demo_tenant
from kefu.desk.desk import Desk
from kefu.records import tenants
from kefu.settings import Environment, Settings, SettingWrong, require_shared

if TYPE_CHECKING:
    from kefu.local_aws.options import GatewayOptions

F = TypeVar("F", bound=Callable[..., Any])


def _share(name: str, otherwise: float, what: str) -> Callable[[F], F]:
    """An option that is a share, or a flag for the usual one."""
    share = click.FloatRange(0, 1)
    return click.option(name, type=share, is_flag=False, flag_value=otherwise, default=0.0, help=what)


class LambdaFlags(TypedDict):
    """What goes with --lambda alone."""

    shuffle: bool
    duplicate: float
    drop: float
    seed: int
    idle_limit: float
    connection_limit: float
    tick_every: float
    processes: int
    bundle: str | None


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@store_option
@click.option("--demo", is_flag=True, help="With the demo tenant, in memory.")
@click.option("--lambda", "is_lambda", is_flag=True, help="As Lambda functions behind a local, strict API Gateway.")
@click.option("--shuffle", is_flag=True, help="--lambda: hand over frames of a socket in any order.")
@_share("--duplicate", 0.25, "--lambda: hand over a share of the frames twice.")
@_share("--drop", 0.02, "--lambda: cut sockets at a share of their frames.")
@click.option("--seed", default=0, help="--lambda: of the disorder above.")
@click.option("--idle-limit", default=600.0, help="--lambda: seconds until an idle socket is closed.")
@click.option("--connection-limit", default=7_200.0, help="--lambda: seconds until any socket is closed.")
@click.option("--tick-every", default=60.0, help="--lambda: seconds between two sweeps.")
@click.option("--processes", default=4, help="--lambda: of each function, at most.")
@click.option(
    "--bundle",
    type=click.Path(exists=True, file_okay=False, resolve_path=True),
    help="--lambda: run the functions of this unpacked bundle, not of this installation.",
)
def serve(
    host: str, port: int, store_url: str | None, *, demo: bool, is_lambda: bool, **flags: Unpack[LambdaFlags]
) -> None:
    """Run the server here."""
    import uvicorn  # noqa: PLC0415  only `serve` needs a server installed

    if is_lambda:
        if demo:
            raise click.UsageError("--demo plays in memory, --lambda on a table.")
        _serve_lambda(host, port, settings_with(store_url), flags)
        return
    _refuse_flags(flags)
    if demo and store_url not in (None, "memory:"):
        raise click.UsageError("--demo plays in memory; leave out --store.")
    settings = settings_with("memory:" if demo else store_url)
    if demo and settings.environment is Environment.PRODUCTION:
        raise click.UsageError("--demo has published credentials: it does not serve with KEFU_ENV=production.")
    try:
        require_shared(settings)
    except SettingWrong as wrong:
        raise click.UsageError(str(wrong)) from wrong
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
        with config.bind_socket() as socket:
            socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)  # a socket bound before the loop does not get it by itself
            url = f"http://{host}:{socket.getsockname()[1]}"
            if demo:
                await open_demo_tenant(desk)
                _greet_demo(desk, secret, url)
            else:
                await _greet(desk, settings.store, url)
            await uvicorn.Server(config).serve(sockets=[socket])

    with_desk(settings, run)


def _refuse_flags(flags: LambdaFlags) -> None:
    context = click.get_current_context()
    given = [name for name in flags if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        raise click.UsageError(f"--{given[0].replace('_', '-')} goes with --lambda alone.")


def _serve_lambda(host: str, port: int, settings: Settings, flags: LambdaFlags) -> None:
    from kefu.local_aws.gateway import opened_gateway  # noqa: PLC0415  development only, and slow to import
    from kefu.local_aws.serving import edge, serve_until_signalled  # noqa: PLC0415  likewise

    _refuse_lambda(settings)
    options = _gateway_options(settings, flags)

    async def run(desk: Desk) -> None:
        async with opened_gateway(options, settings.store) as gateway:
            config = edge(gateway.app, host=host, port=port, log_level=settings.log_level.lower())
            with config.bind_socket() as socket:
                socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)  # as in `serve`
                socket.listen()  # whoever comes early waits
                await _greet(desk, settings.store, f"http://{host}:{socket.getsockname()[1]}")
                await serve_until_signalled(config, socket)

    with_desk(settings, run)


def _refuse_lambda(settings: Settings) -> None:
    if not settings.store.startswith("dynamodb:"):
        raise click.UsageError("--lambda needs a table with a stream: --store 'dynamodb:TABLE?region=…&endpoint=…'")
    if find_spec("awslambdaric") is None:
        raise click.UsageError("--lambda runs functions in Lambda's own runtime client: pip install awslambdaric")
    try:
        require_shared(settings)
    except SettingWrong as wrong:
        raise click.UsageError(str(wrong)) from wrong


def _gateway_options(settings: Settings, flags: LambdaFlags) -> "GatewayOptions":
    from kefu.local_aws.options import Disorder, GatewayOptions  # noqa: PLC0415  as above

    standard = GatewayOptions()
    functions = {
        name: replace(getattr(standard, name), processes_max=flags["processes"])
        for name in ("http", "websocket", "stream", "tick")
    }
    return GatewayOptions(
        **functions,
        environment=_environment(settings) | ({"PYTHONPATH": flags["bundle"]} if flags["bundle"] else {}),
        idle_limit_s=flags["idle_limit"],
        connection_limit_s=flags["connection_limit"],
        tick_every_s=flags["tick_every"],
        disorder=Disorder(
            seed=flags["seed"], is_shuffled=flags["shuffle"], duplicate=flags["duplicate"], drop=flags["drop"]
        ),
    )


def _environment(settings: Settings) -> dict[str, str]:
    """The functions read their settings as this process did."""
    return {
        "KEFU_STORE": settings.store,
        "KEFU_SECRET": signing_secret(settings),
        "KEFU_ENV": settings.environment,
        "KEFU_ALLOWED_ORIGINS": ",".join(settings.allowed_origins),
        "KEFU_LOG_LEVEL": settings.log_level,
        "KEFU_WEBHOOK_ALLOW_PRIVATE": str(settings.webhook_allow_private).lower(),
        "KEFU_SENDS_WEBHOOKS": str(settings.sends_webhooks).lower(),
        **({"KEFU_BLOBS": settings.blobs} if settings.blobs else {}),
    }


async def _greet(desk: Desk, store: str, url: str) -> None:
    known, _ = await tenants.load_page(desk.store, limit=1)
    click.echo(f"Kefu is about to answer at {url}, with store {store}.")
    if not known:
        click.echo(f"There is no tenant yet. Make one with: kefu tenant create NAME --store '{store}'")


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
