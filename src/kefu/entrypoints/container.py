"""What one Lambda container keeps from one invocation to the next.

A container takes one event at a time. Its loop stands still between two of them, and the store and the app that were
made on it live as long as the container.
"""

import asyncio
import gc
import logging
import os
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar


@contextmanager
def here_to_stay() -> Iterator[None]:
    """What is made meanwhile lives as long as the process: looking through it for garbage would only slow the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


with here_to_stay():
    from starlette.applications import Starlette

    from kefu.bootstrap import build_app, open_store, signing_secret, webhook_bot
    from kefu.desk.desk import Desk
    from kefu.settings import Settings, read_settings, require_shared

R = TypeVar("R")


class Container:
    """Each part is made when it is first asked for; nothing is read or opened before."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ

    @property
    def is_starting(self) -> bool:
        """Whether this is Lambda's start-up: more CPU than later, and what SnapStart keeps."""
        return "AWS_LAMBDA_INITIALIZATION_TYPE" in self._environ

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)  # where Mangum looks for it
        return loop

    @cached_property
    def settings(self) -> Settings:
        """Raises `SettingWrong`."""
        settings = read_settings(self._environ)
        require_shared(settings)
        logging.getLogger("kefu").setLevel(settings.log_level)
        return settings

    @cached_property
    def secret(self) -> str:
        return signing_secret(self.settings)

    @cached_property
    def desk(self) -> Desk:
        settings = self.settings
        return Desk(
            store=self.run(open_store(settings.store)),
            allows_private_webhooks=settings.webhook_allow_private,
            webhook_bot=webhook_bot(settings),
        )

    @cached_property
    def app(self) -> Starlette:
        with here_to_stay():
            return build_app(self.desk, replace(self.settings, metrics_token=None), self.secret)

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        """For those who run several in one process: Lambda never says when it is over."""
        if "desk" in vars(self):
            self.run(self.desk.store.close())
        if "loop" in vars(self):
            self.run(self.loop.shutdown_default_executor())
            self.loop.close()


CONTAINER = Container()
"""The process's own."""
