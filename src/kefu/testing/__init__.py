"""What it takes to test against Kefu: clocks, laws, faults. Shipped, for authors of stores and doors."""
