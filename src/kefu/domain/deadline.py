"""When somebody is to look at a session because time has passed."""

from kefu.dataclass import dataclass
from kefu.domain.instants import Instant
from kefu.domain.session_ref import SessionRef


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """At most one for each session."""

    ref: SessionRef
    due_at: Instant
