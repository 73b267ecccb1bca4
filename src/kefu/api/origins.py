"""Whose pages may open a socket."""

from collections.abc import Collection, Mapping

from strawberry.http.websocket_origin import is_same_origin, normalize_origin


def may_open(headers: Mapping[str, str], allowed: Collection[str]) -> bool:
    """A browser lets any page open a socket to anywhere, and says whose page it is. Other programs say nothing.

    `headers` by lower-case name; `allowed` are normal origins, or `*` for all.
    """
    origin = headers.get("origin")
    return (
        origin is None
        or "*" in allowed
        or headers.get("sec-fetch-site") == "same-origin"
        or is_same_origin(origin, headers.get("host"))
        or normalize_origin(origin) in allowed
    )
