"""The tests of `api`, unchanged, over everything that stands before the handlers."""
