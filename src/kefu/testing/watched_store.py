"""A store under watch: the laws are held after every commit, and nobody overtakes anybody in a line."""

from collections.abc import Callable, Collection, Sequence

from kefu.domain.line import Line
from kefu.records import keys
from kefu.store.port import Order, Page, Store, Write
from kefu.testing.laws import LAWS, LawBroken, hold_laws
from kefu.testing.live_ledger import LiveLedger
from kefu.testing.store_wrapper import StoreWrapper

STEP_LAWS = tuple(law for law in LAWS if not law.startswith("L7"))
"""L7 speaks of rest. Who overtakes whom is told here by what each request had read, not by the log's times."""


class WatchedStore(StoreWrapper):
    def __init__(
        self,
        inner: Store,
        tenant: str,
        *,
        request: Callable[[], str],
        now: Callable[[], int],
        off: Collection[str] = (),
    ) -> None:
        """`request` names the request that calls; `off` names laws not to hold."""
        super().__init__(inner)
        self.live = LiveLedger(tenant)
        self.lowered: set[str] = set()
        """Logins whose max_sessions was lowered below their load on purpose."""
        self._request = request
        self._now = now
        self._off = off
        self._applied: set[str] = set()
        self._read: dict[tuple[str, Line], frozenset[str]] = {}

    async def scan(
        self,
        partition: str,
        *,
        order: Order = Order.SORT,
        after: str = "",
        before: str | None = None,
        limit: int,
        newest_first: bool = False,
    ) -> Page:
        if after.startswith(keys.WAITING[0]):
            line = keys.line_of(self.live.tenant, partition)
            self._read[self._request(), line] = frozenset(self.live.lines.get(line, ()))
        return await super().scan(
            partition, order=order, after=after, before=before, limit=limit, newest_first=newest_first
        )

    async def commit(self, writes: Sequence[Write], *, token: str) -> None:
        await super().commit(writes, token=token)
        if token in self._applied:
            return
        self._applied.add(token)
        self.live.apply(writes)
        hold_laws(
            self.live.ledger(), self._now(), [law for law in STEP_LAWS if law not in self._off], lowered=self.lowered
        )
        if "L7 order" not in self._off:
            self._hold_order()

    def _hold_order(self) -> None:
        """Who was taken stood first among those that his taker had read and that stand there still."""
        for line, sort in self.live.taken:
            known = self._read.get((self._request(), line), frozenset())
            passed = [other for other in known if other < sort and other in self.live.lines[line]]
            if passed:
                raise LawBroken("L7 order", f"{sort} was taken out of {line} before {min(passed)}")
