"""Kefu from outside, as it is run: whole servers and gateways, other people's clients."""
