"""What a tenant says of silence: after how long it ends a session, and how long before it warns."""

from kefu.dataclass import dataclass
from kefu.domain.instants import DAY, MINUTE, SECOND
from kefu.domain.refusals import Invalid

SILENCE_MS_MIN = 10 * SECOND
PENDING_MS_MIN = MINUTE
"""A visitor who polls is known to be there up to half a minute late."""
TIMEOUT_MS_MAX = 7 * DAY
WARNING_TEXT = "长时间未收到您的消息，会话即将结束。"


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeouts:
    """None: never."""

    visitor_ms: int | None = None
    """Of a visitor's silence after the agent's, or the bot's, last message."""
    agent_ms: int | None = None
    """Of an agent's silence after the visitor's last message."""
    pending_ms: int | None = None
    """Of the absence of a visitor who waits."""
    warning_ms: int | None = None
    """How long before the end of a session its coming is announced."""
    warning_text: str = WARNING_TEXT

    @property
    def shortest_ms(self) -> int | None:
        """Nothing that happens from now on makes anything due sooner than this; None: nothing ever is."""
        given = [each for each in (self.visitor_ms, self.agent_ms, self.pending_ms) if each is not None]
        return min(given) - (self.warning_ms or 0) if given else None


NO_TIMEOUTS = Timeouts()


def is_sooner(after: Timeouts, before: Timeouts) -> bool:
    """Whether something may be due before the deadlines that were made by `before`."""
    soonest = after.shortest_ms
    return soonest is not None and (before.shortest_ms is None or soonest < before.shortest_ms)


def require_sensible(timeouts: Timeouts) -> None:
    """Raises `Invalid`."""
    for field, value, least in (
        ("visitorTimeout", timeouts.visitor_ms, SILENCE_MS_MIN),
        ("agentTimeout", timeouts.agent_ms, SILENCE_MS_MIN),
        ("pendingTimeout", timeouts.pending_ms, PENDING_MS_MIN),
    ):
        if value is not None and not least <= value <= TIMEOUT_MS_MAX:
            raise Invalid(f"{field} must lie between {least // SECOND} s and 7 days; PT0S switches it off.", field)
    _require_sensible_warning(timeouts)


def _require_sensible_warning(timeouts: Timeouts) -> None:
    given = [each for each in (timeouts.visitor_ms, timeouts.agent_ms, timeouts.pending_ms) if each is not None]
    if timeouts.warning_ms is not None and not 0 < timeouts.warning_ms <= min(given, default=TIMEOUT_MS_MAX) // 2:
        raise Invalid(
            "timeoutWarning must be over 0 and at most half of the shortest time-out; PT0S switches it off.",
            "timeoutWarning",
        )
