"""A store under watch: the laws are held after every commit, and nobody overtakes anybody in a line."""

from collections.abc import Callable, Collection, Mapping, Sequence

from kefu.domain.decision import Decision, DirectedBy, DispatchRule
from kefu.domain.line import Line, LineKind, agent_line, group_line
from kefu.domain.session import Session
from kefu.domain.skill_group import DEFAULT_GROUP
from kefu.records import keys
from kefu.records.sessions import LoadedSession
from kefu.store.port import (
    Order,
    Page,
    Span,
    Store,
    Write,
)
from kefu.store.wrapper import StoreWrapper
from kefu.testing.hours_law import HoursWatch
from kefu.testing.laws import LAWS, LawBroken, hold_laws, is_vip
from kefu.testing.ledger import Ledger
from kefu.testing.live_ledger import NOBODY, LiveLedger

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
        self._hours = HoursWatch()
        self._step_laws = [law for law in STEP_LAWS if law not in off]
        self._applied: set[str] = set()
        self._read: dict[tuple[str, Line], Mapping[str, LoadedSession]] = {}
        """What each request saw last of each line."""

    async def scan(self, partition: str, span: Span, order: Order = Order.SORT) -> Page:
        if span.after == keys.WAITING[0]:
            line = keys.line_of(self.live.tenant, partition)
            self._read[self._request(), line] = self.live.lines.get(line, NOBODY)
        return await self.inner.scan(partition, span, order)

    async def commit(self, writes: Sequence[Write], *, token: str | None) -> None:
        await self.inner.commit(writes, token=token)
        if token in self._applied:
            return
        if token is not None:
            self._applied.add(token)
        self.live.apply(writes)
        hold_laws(self._ledger(), self._now(), self._step_laws, lowered=self.lowered)
        if "L7 order" not in self._off:
            self._hold_order()
        if "hours" not in self._off:
            self._hours.hold(writes, self.live.sessions, self._now())
        if "L12" not in self._off:
            self._hold_wall(writes)

    def _ledger(self) -> Ledger:
        """What the laws of a step are held against."""
        return self.live.ledger()

    def _hold_order(self) -> None:
        """Nobody was taken past somebody who, as his taker had read, had the first turn and who waits still."""
        for session, decision in self.live.assigned:
            for line in self._lines_weighed(decision):
                seen = self._read.get((self._request(), line), NOBODY)
                for sort, other in ((sort, copy.value.session) for sort, copy in seen.items()):
                    waits = sort in self.live.lines.get(line, {}) and not self._lost_its_binding(other)
                    if waits and _had_the_turn(other, line, session, decision):
                        raise LawBroken("L7 order", f"{session.id} was taken before {other.id}, who waits in {line}")

    def _lines_weighed(self, decision: Decision) -> list[Line]:
        if decision.steps[-1].rule is DispatchRule.GROUP_QUEUE and decision.skill_group:
            return [group_line(decision.skill_group)]
        agent = self.live.agents().get(decision.agent or "")
        if agent is None or decision.steps[-1].rule is not DispatchRule.LINE:
            return []
        return [agent_line(agent.login), *(group_line(group) for group in agent.groups or (DEFAULT_GROUP,))]

    def _lost_its_binding(self, session: Session) -> bool:
        """Its binding ended while it waited, even if another was made since: it is on its way to its group."""
        if session.directed_by is not DirectedBy.BOUND:
            return False
        binding = self.live.bindings.get((session.keys.business_flag or "", session.ref.visitor))
        is_same = binding is not None and binding.created_at <= (session.waiting_since or 0)
        return not (binding and is_same and binding.holds_at(self._now()))

    def _hold_wall(self, writes: Sequence[Write]) -> None:
        """Every record of a tenant lies under the tenant's name."""
        own = keys.part(self.live.tenant)
        for partition in (write.key.partition for write in writes):
            if partition != own and not partition.startswith((f"{own}#", "*")):
                raise LawBroken("L12", f"{partition} is not the tenant's own")


def _had_the_turn(other: Session, line: Line, session: Session, decision: Decision) -> bool:
    """Whether `other`, waiting in `line`, was to be served before `session`, as the decision was made."""
    if decision.steps[-1].rule is DispatchRule.GROUP_QUEUE:
        return True  # whoever comes joins the queue if somebody stands in it
    turns = (
        (not is_vip(each), in_group, each.started_at, each.id)
        for each, in_group in (
            (other, line.kind is LineKind.GROUP),
            (session, decision.steps[-1].detail.startswith(LineKind.GROUP)),
        )
    )
    return next(turns) < next(turns)
