"""API Gateway and Lambda on this machine, as strict as the originals: for development and tests, never deployed."""
