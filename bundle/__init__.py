"""The deployable bundle for Lambda."""
