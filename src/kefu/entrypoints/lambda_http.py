"""The app behind an HTTP API of API Gateway (payload format 2.0, stage `$default`)."""

from base64 import b64decode
from collections.abc import Callable
from typing import Any, TypeAlias

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES

from kefu.entrypoints.container import CONTAINER, Container

Event: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[Event, Any], dict[str, Any]]

TEXT_TYPES = [*DEFAULT_TEXT_MIME_TYPES, "application/graphql-response+json"]
"""Anything else goes to the gateway as base64."""


def http_handler(container: Container) -> Handler:
    """Builds the app at the first event, or at once while Lambda starts."""
    adapter: Mangum | None = None

    def adapted() -> Mangum:
        nonlocal adapter
        if adapter is None:
            # Lambda never says when it is over, and without `off` the app would start and end around each event.
            adapter = Mangum(container.app, lifespan="off", text_mime_types=TEXT_TYPES)
        return adapter

    if container.is_starting:
        adapted()
    return lambda event, context: adapted()(_with_length(event), context)


def _with_length(event: Event) -> Event:
    """The event, saying how long its body is: a chunked request does not, and an app that gives up on too long a one
    would wait for the rest of what is all here.
    """
    headers, body = event.get("headers") or {}, event.get("body") or ""
    if "content-length" in headers or not body:
        return event
    length = len(b64decode(body) if event.get("isBase64Encoded") else body.encode())
    return event | {"headers": headers | {"content-length": str(length)}}


handler = http_handler(CONTAINER)
