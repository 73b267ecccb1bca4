"""Bots: the port, the built-in one, and a tenant's own behind a webhook."""
