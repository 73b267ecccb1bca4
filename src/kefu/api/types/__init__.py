"""GraphQL types: plain attributes filled from domain values, resolvers only where something must be read."""
