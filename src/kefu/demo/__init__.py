"""The demo: a tenant to try things in, and one day at its shop."""
