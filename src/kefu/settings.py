"""The only reader of the environment."""

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from kefu.dataclass import dataclass

E = TypeVar("E", bound=StrEnum)


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogLevel(StrEnum):
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class SettingWrong(Exception):
    """A setting that cannot be used; the message names the variable and what it should be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    store: str = "sqlite:kefu.db"
    secret: str | None = None
    """Signs bearer tokens. None: made at start, so tokens end with the process."""
    environment: Environment = Environment.DEVELOPMENT
    allowed_origins: tuple[str, ...] = ()
    log_level: LogLevel = LogLevel.INFO
    blobs: str | None = None
    """Where files lie: `memory:`, `folder:PATH` or `s3:BUCKET`. None: in memory with a store there, a folder
    beside SQLite; over DynamoDB it must be said."""
    websocket_endpoint: str | None = None
    """Of a WebSocket API of API Gateway: where frames for its sockets are posted to."""
    websocket_lasts_s: int = 7_200
    """When that API cuts a socket, whatever happens on it."""
    webhook_allow_private: bool = False
    """Whether webhooks and tenants' bots may be at private and local addresses, and go without TLS: for development."""
    sends_webhooks: bool = True
    """Whether this process tells webhooks: a server follows the changes for it, on Lambda the stream and the tick do it."""
    metrics_token: str | None = None
    """Who asks for `/metrics` must bring it. None: there are none."""


SECRET_LENGTH_MIN = 32


def require_shared(settings: Settings) -> None:
    """Raises `SettingWrong` if a store that many serve would meet a secret, or files, of this process or machine alone."""
    if not settings.store.startswith("dynamodb:"):
        return
    if settings.secret is None:
        raise SettingWrong(
            f"KEFU_SECRET must be set, to at least {SECRET_LENGTH_MIN} characters: "
            "all servers of a DynamoDB table sign with the same."
        )
    if settings.blobs is None:
        raise SettingWrong(
            "KEFU_BLOBS must be set, to s3:BUCKET, or to folder:PATH where all servers of a DynamoDB table see one folder: "
            "a file that came to one is asked for at another."
        )


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Raises `SettingWrong` for the first variable that cannot be used."""
    secret = environ.get("KEFU_SECRET")
    if secret is not None and len(secret) < SECRET_LENGTH_MIN:
        raise SettingWrong(f"KEFU_SECRET must have at least {SECRET_LENGTH_MIN} characters.")
    metrics_token = environ.get("KEFU_METRICS_TOKEN")
    if metrics_token is not None and len(metrics_token) < SECRET_LENGTH_MIN:
        raise SettingWrong(f"KEFU_METRICS_TOKEN must have at least {SECRET_LENGTH_MIN} characters, or be left out.")
    return Settings(
        store=environ.get("KEFU_STORE", "sqlite:kefu.db"),
        secret=secret,
        environment=_one_of(environ, "KEFU_ENV", Environment.DEVELOPMENT),
        allowed_origins=tuple(
            each.strip() for each in environ.get("KEFU_ALLOWED_ORIGINS", "").split(",") if each.strip()
        ),
        log_level=_one_of(environ, "KEFU_LOG_LEVEL", LogLevel.INFO),
        blobs=environ.get("KEFU_BLOBS"),
        websocket_endpoint=environ.get("KEFU_WEBSOCKET_ENDPOINT"),
        websocket_lasts_s=_seconds(environ, "KEFU_WEBSOCKET_LASTS_S", 7_200),
        webhook_allow_private=_switch(environ, "KEFU_WEBHOOK_ALLOW_PRIVATE", default=False),
        sends_webhooks=_switch(environ, "KEFU_SENDS_WEBHOOKS", default=True),
        metrics_token=metrics_token,
    )


def _switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    given = environ.get(name, "true" if default else "false")
    if given not in {"true", "false"}:
        raise SettingWrong(f"{name} is {given!r}; it must be true or false.")
    return given == "true"


def _seconds(environ: Mapping[str, str], name: str, default: int) -> int:
    given = environ.get(name, str(default))
    if not given.isdecimal() or int(given) < 1:
        raise SettingWrong(f"{name} is {given!r}; it must be a whole number of seconds, 1 or more.")
    return int(given)


def _one_of(environ: Mapping[str, str], name: str, default: E) -> E:
    given = environ.get(name, default.value)
    known = type(default)
    try:
        return known(given)
    except ValueError:
        raise SettingWrong(f"{name} is {given!r}; it must be one of {', '.join(known)}.") from None
