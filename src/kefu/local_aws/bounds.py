"""AWS's limits, as its documentation has them, and this machine's own."""

KIB = 1_024
REQUEST_BYTES_MAX = 10 * KIB * KIB
"""Of a request to an HTTP API."""
EVENT_BYTES_MAX = 6 * KIB * KIB
"""What a function is called with, and what it returns."""
HTTP_LIMIT_S = 30.0
"""What an HTTP API waits for a function."""
FRAME_LIMIT_S = 29.0
"""What a WebSocket API waits for a function."""
MESSAGE_BYTES_MAX = 128 * KIB
FRAME_BYTES_MAX = 32 * KIB
IDLE_LIMIT_S = 600.0
CONNECTION_LIMIT_S = 7_200.0
INIT_LIMIT_S = 10.0
"""A cold start has this long, and then once more the function's own limit."""

PROCESSES_MAX = 4
"""Of one function. AWS turns away who comes when all are busy; here, with so few, he waits."""
WAITING_MAX = 1_000
"""Events that wait for a process of one function. More are turned away."""
HEADERS_BYTES_MAX = 10_240
"""All of a request's headers, its line included."""
