"""Lines of curl as documents print them, sent without curl."""

import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx


async def send(line: str, url: str, more_headers: Mapping[str, str] | None = None) -> Any:
    """What the server at `url` answers, whatever host the line names. Raises if it is told by no success."""
    words = iter(shlex.split(line.replace("\\\n", " "))[1:])
    method, path, headers, content = "GET", "", dict(more_headers or {}), ""
    for word in words:
        match word:
            case "-s":
                pass
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = next(words).partition(":")
                headers[name] = value.strip()
            case "-d":
                content = next(words)
            case _:
                path = urlsplit(word).path
    async with httpx.AsyncClient(base_url=url) as http:
        response = await http.request(method, path, content=content, headers=headers)
    return response.raise_for_status().json()
