"""Kefu's own events, by the Standard Webhooks specification."""
