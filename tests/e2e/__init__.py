"""Kefu from outside, as it is run: whole servers, other people's clients."""
