"""Events outwards: lanes, retries, dead letters."""
