"""Many workers in several processes hammer one tenant of a real store; the laws are held over what is left of it."""
