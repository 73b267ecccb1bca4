"""The GraphQL API: it translates, it never decides."""
