"""How long one may wait, how many may, and what they are told: a tenant's choices about its lines."""

from kefu.dataclass import dataclass
from kefu.domain.bounds import QUEUE_TEXT_LENGTH_MAX
from kefu.domain.refusals import Invalid

PLACE_TEXT = "您当前排在第 {position} 位。"
WAIT_TEXT = "预计等待约 {minutes} 分钟。"
FULL_TEXT = "当前排队人数较多，暂时无法接入，请稍后再来。"


@dataclass(frozen=True, kw_only=True, slots=True)
class Queueing:
    directed_wait_max_ms: int | None = None
    """How long one waits for one agent before he goes to his group; none: as long as it takes."""
    announces_place: bool = False
    """Whether who joins a line is told where he stands, and how long it may take if that can be said."""
    place_text: str = PLACE_TEXT
    wait_text: str = WAIT_TEXT
    full_text: str = FULL_TEXT
    """Said to who is declined because as many wait as may."""

    def place_told(self, position: int, wait_ms: int | None) -> str:
        place = self.place_text.replace("{position}", str(position))
        if wait_ms is None:
            return place
        return place + self.wait_text.replace("{minutes}", str(max(1, round(wait_ms / 60_000))))


AS_USUAL = Queueing()


def check_queueing(queueing: Queueing) -> None:
    """Raises `Invalid`."""
    if (queueing.directed_wait_max_ms or 0) < 0:
        raise Invalid("directedWaitMax must not be negative; PT0S takes it away.", "directedWaitMax")
    for text, field in (
        (queueing.place_text, "queuePlaceText"),
        (queueing.wait_text, "queueWaitText"),
        (queueing.full_text, "queueFullText"),
    ):
        if not text.strip() or len(text) > QUEUE_TEXT_LENGTH_MAX:
            raise Invalid(f"{field} must have 1 to {QUEUE_TEXT_LENGTH_MAX} characters.", field)
