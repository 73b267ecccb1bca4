"""Tencent Desk: its session event callback, sent and read."""
