"""Every limit of one socket, named."""

FRAME_BYTES_MAX = 131_072
"""Of one frame that comes in: what an API Gateway lets through, so that a frame fits everywhere or nowhere."""
ID_LENGTH_MAX = 128
OPERATIONS_MAX = 99
"""Live operations of one socket: with the socket they go into one commit."""
OVERTAKEN_MAX = 100
"""Completes remembered that came before their subscribe; the oldest is forgotten first."""
HANDLED_MAX = 256
"""Frame ids remembered; the oldest is forgotten first. A repeated frame comes within seconds, not hundreds of frames."""
REASON_BYTES_MAX = 123
"""Of a close reason: a WebSocket control frame holds 125 bytes, the code is two of them."""
INIT_WITHIN_S = 10
"""From opening a socket to its connection_init."""
