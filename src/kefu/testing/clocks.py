import asyncio

from kefu.domain.instants import Instant

NEW_YEAR_2026 = 1_767_225_600_000


class ManualClock:
    """A clock that a test turns. Sleeping moves it on at once, so that nothing waits for real."""

    def __init__(self, start: Instant = NEW_YEAR_2026) -> None:
        self._now = start

    def now(self) -> Instant:
        return self._now

    def advance(self, milliseconds: int) -> None:
        self._now += milliseconds

    async def sleep(self, seconds: float) -> None:
        self.advance(round(seconds * 1_000))
        await asyncio.sleep(0)
