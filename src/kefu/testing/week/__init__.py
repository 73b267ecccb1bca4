"""A week of a desk on a virtual clock: two zones change theirs in it, and the laws hold at every step."""
