"""Easemob's CRM windows, held against the vectors."""
