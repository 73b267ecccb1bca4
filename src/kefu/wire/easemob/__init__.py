"""Easemob kefu: its REST paths, error codes and envelopes."""
