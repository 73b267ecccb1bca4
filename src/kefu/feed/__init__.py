"""From the log outwards: what was committed, told to whom it concerns."""
