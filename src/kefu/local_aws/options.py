"""What may be told to the gateway. What is left out is as `serverless.yml` has it, and AWS where that says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kefu.local_aws import bounds


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionOptions:
    handler: str
    """`package.module.name`, as Lambda has it."""
    timeout_s: float
    processes_max: int = bounds.PROCESSES_MAX


@dataclass(frozen=True, kw_only=True, slots=True)
class Disorder:
    """What the network and AWS may do to a socket, done often. The same seed does the same, as far as time lets it."""

    seed: int = 0
    is_shuffled: bool = False
    """Frames that come within a short while are handed to the function in any order."""
    duplicate: float = 0.0
    """The share of frames that are handed to it twice."""
    drop: float = 0.0
    """The share of frames, of both directions, at which the socket is cut."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamOptions:
    sorts: tuple[str, ...] = ("LOG#", "WAIT#", "AGENT#")
    """What the sort keys of records begin with that are told: the filter. The empty string lets all through."""
    batch_size: int = 100
    poll_s: float = 0.25
    retries: int = 3
    """Of a record that fails alone. Then it is a dead letter; deployed it becomes one by age, after hours."""
    retry_after_s: float = 0.1
    """Doubled at each further failure."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayOptions:
    http: FunctionOptions = FunctionOptions(handler="kefu.entrypoints.lambda_http.handler", timeout_s=29)
    websocket: FunctionOptions = FunctionOptions(handler="kefu.entrypoints.lambda_websocket.handler", timeout_s=29)
    stream: FunctionOptions = FunctionOptions(handler="kefu.entrypoints.lambda_stream.handler", timeout_s=60)
    tick: FunctionOptions = FunctionOptions(handler="kefu.entrypoints.lambda_tick.handler", timeout_s=55)
    environment: Mapping[str, str] = field(default_factory=dict)
    """The functions' own, over the few variables that they get from here."""
    http_limit_s: float = bounds.HTTP_LIMIT_S
    frame_limit_s: float = bounds.FRAME_LIMIT_S
    idle_limit_s: float = bounds.IDLE_LIMIT_S
    connection_limit_s: float = bounds.CONNECTION_LIMIT_S
    disorder: Disorder = Disorder()
    reading: StreamOptions = StreamOptions()
    tick_every_s: float = 60.0
