"""What a service desk is: values and rules. Standard library only, no clock, no randomness, no I/O."""
