"""GraphQL over a WebSocket API in front of functions: no process lives between two frames, or between two events."""
