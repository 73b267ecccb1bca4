"""Our own events, by Standard Webhooks."""
