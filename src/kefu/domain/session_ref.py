from typing import NamedTuple

from kefu.domain.channel import Channel


class SessionRef(NamedTuple):
    """Names one session and leads to where it lies without an index.

    A visitor's sessions on a channel are numbered: opening number n+1 twice is impossible, so two open
    sessions of one visitor are too.
    """

    visitor: str
    channel: Channel
    ordinal: int
    id: str
    """A time-ordered UUID: the name that other systems see."""
