"""The GraphQL API: it translates, it never decides."""

from kefu.api import enums

enums.describe()  # before any type mentions one: a type keeps the name it finds
