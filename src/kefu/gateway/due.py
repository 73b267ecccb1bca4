"""When something is due on a socket though nothing happens on it."""

from kefu.domain.instants import SECOND, Instant
from kefu.gateway.gateway import SocketLife
from kefu.gateway.registry import SocketState
from kefu.realtime.bounds import INIT_WITHIN_S
from kefu.realtime.protocol import Phase


def due_at(life: SocketLife, state: SocketState) -> Instant:
    if state.connection.phase is Phase.CLOSED:
        return state.opened_at
    if state.caller is None:
        return state.opened_at + INIT_WITHIN_S * SECOND
    ends = (leaves_at(life, state.ends_at), state.token_ends_at, state.replayed_until)
    return min(each for each in ends if each is not None)


def leaves_at(life: SocketLife, ends_at: Instant) -> Instant:
    """When its subscriptions are to move to another socket."""
    return ends_at - life.leaves_ms
