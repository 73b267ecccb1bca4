"""Kefu: customer-service routing that decides, commits, and only then tells."""
