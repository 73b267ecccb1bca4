"""Root fields that read."""
