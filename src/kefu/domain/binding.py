from dataclasses import replace
from enum import StrEnum

from kefu.dataclass import dataclass
from kefu.domain.bounds import BINDING_HISTORY_MAX
from kefu.domain.instants import Instant

_IN_A_ROW = 3
"""The making, the latest prolongation, and the next one."""


class BindingAct(StrEnum):
    BOUND = "BOUND"
    UNBOUND = "UNBOUND"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, kw_only=True, slots=True)
class BindingEvent:
    act: BindingAct
    agent: str
    at: Instant
    by: str
    """Who or which rule did it."""
    id: str = ""
    """Of the call that did it: one whose answer was lost knows its own work again. For a rule, what set it off."""
    is_by_rule: bool = False
    """Whether a rule of automatic binding did it: then `by` is its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """The standing rule (businessFlag, visitor) → agent, with its past.

    The record outlives the rule, so that the history does: `agent` is empty while nobody is bound.
    """

    business_flag: str
    visitor: str
    agent: str = ""
    """Login of the bound agent, empty if none."""
    created_at: Instant = 0
    created_by: str = ""
    """Who or which rule made it; the same as `by` of the event."""
    expires_at: Instant | None = None
    history: tuple[BindingEvent, ...] = ()
    """Newest last; the oldest are dropped past a bound."""

    def holds_at(self, now: Instant) -> bool:
        return bool(self.agent) and (self.expires_at is None or now < self.expires_at)

    @classmethod
    def made(
        cls,
        business_flag: str,
        visitor: str,
        agent: str,
        *,
        by: str,
        now: Instant,
        event_id: str,
        expires_at: Instant | None = None,
        is_by_rule: bool = False,
    ) -> "Binding":
        """A rule without a past."""
        return cls(
            business_flag=business_flag,
            visitor=visitor,
            agent=agent,
            created_at=now,
            created_by=by,
            expires_at=expires_at,
            history=(
                BindingEvent(act=BindingAct.BOUND, agent=agent, at=now, by=by, id=event_id, is_by_rule=is_by_rule),
            ),
        )

    def knows(self, event_id: str) -> bool:
        return any(each.id == event_id for each in self.history)

    def followed_by(self, rule: "Binding") -> "Binding":
        """A new rule, with the past of this one before it."""
        ended = self._ended_by_expiry()
        return replace(rule, history=(*ended.history, *rule.history)[-BINDING_HISTORY_MAX:])

    def prolonged_by(self, rule: "Binding") -> "Binding":
        """The same agent, until the new rule ends. Of prolongations in a row by one rule the latest is told."""
        made = rule.history[-1]
        in_a_row = [(each.act, each.agent, each.by, each.is_by_rule) for each in (*self.history[-2:], made)]
        told = self.history[:-1] if len(in_a_row) == _IN_A_ROW and len(set(in_a_row)) == 1 else self.history
        return replace(self, expires_at=rule.expires_at, history=(*told, made)[-BINDING_HISTORY_MAX:])

    def replaced_by(self, rule: "Binding") -> "Binding":
        """Another agent, by whoever made the new rule: he ends this one."""
        made = rule.history[-1]
        return self.unbound(by=made.by, now=made.at, event_id=made.id, is_by_rule=made.is_by_rule).followed_by(rule)

    def unbound(self, *, by: str, now: Instant, event_id: str, is_by_rule: bool = False) -> "Binding":
        event = BindingEvent(
            act=BindingAct.UNBOUND, agent=self.agent, at=now, by=by, id=event_id, is_by_rule=is_by_rule
        )
        return replace(self, agent="", expires_at=None, history=(*self.history, event)[-BINDING_HISTORY_MAX:])

    def _ended_by_expiry(self) -> "Binding":
        if not self.agent or self.expires_at is None:
            return self
        event = BindingEvent(act=BindingAct.EXPIRED, agent=self.agent, at=self.expires_at, by="")
        return replace(self, history=(*self.history, event))
