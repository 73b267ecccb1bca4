"""graphql-transport-ws as a pure protocol object: frames in, frames and actions out. No I/O, no clock, no GraphQL."""
