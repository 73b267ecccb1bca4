"""A CRM window: another system's page, shown beside a session. What a tenant configures of it."""

import re
from enum import StrEnum
from urllib.parse import urlsplit

from kefu.dataclass import dataclass
from kefu.domain.bounds import URL_LENGTH_MAX

_HTTPS = "https"
_PORTS = {_HTTPS: 443, "http": 80}
_HOST = r"[a-z0-9._-]+|\[[0-9a-f:.]+\]"
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
KEY_LENGTH_SHORT = 8
"""Characters of a key that is refused unless the tenant insists: one more is asked for."""


class Placement(StrEnum):
    """Pages that show a window; the online and the call workbench alike."""

    AGENT_SESSION = "AGENT_SESSION"
    AGENT_HISTORY = "AGENT_HISTORY"
    ADMIN_HISTORY = "ADMIN_HISTORY"
    ADMIN_QUALITY = "ADMIN_QUALITY"


class CipherMode(StrEnum):
    ECB = "ECB"
    CBC_ZERO_IV = "CBC_ZERO_IV"


@dataclass(frozen=True, kw_only=True, slots=True)
class Interaction:
    """A message with this flag, compared exactly, shows a button that posts it to the window."""

    interactive_flag: str
    button_label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Iframe:
    id: str
    number: int = 0
    """Grows with every window that is made: their order, also of two made in one millisecond."""
    name: str
    url: str
    key: str = ""
    """Encrypts values; empty: everything is plain."""
    cipher_mode: CipherMode = CipherMode.ECB
    encrypts_system_parameters: bool = False
    encrypts_custom_parameters: bool = False
    """Otherwise the visitor's app encrypts its own, or leaves them plain."""
    syncs_messages: bool = False
    language: str = ""
    """`lang`, unless the agent's client says another; empty: the page is not told."""
    easemob_id: str = ""
    """`easemobId`, the linked IM service number; empty: the tenant's id."""
    service_number: str = ""
    """`to`; empty: the same as `easemobId`."""
    interactions: tuple[Interaction, ...] = ()


class UrlRefused(Exception):
    """The message says why, and what would do."""


def placements_of(index: int) -> tuple[Placement, ...]:
    """Of a tenant's window by its number from 0: the first is shown everywhere."""
    return (Placement.AGENT_SESSION,) if index else tuple(Placement)


def warning_of_key(key: str) -> str | None:
    """What of a key that is accepted may yet not work."""
    if key.encode()[:KEY_LENGTH_SHORT].isascii():
        return None
    return "The first eight bytes of the key are not all ASCII: a page that reads them otherwise than as UTF-8 fails."


def read_window_url(url: str) -> str:
    """The URL, with a scheme. Raises `UrlRefused`.

    It is opened by the agent's browser, never by the desk: private addresses are as good as public ones.
    """
    if url.startswith("//"):
        url = f"{_HTTPS}:{url}"
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise UrlRefused(
            f"A window's URL is plain ASCII of at most {URL_LENGTH_MAX} characters, without spaces and backslashes."
        )
    try:
        parts = urlsplit(url)
        host, _ = _host_and_port(url)
    except ValueError as wrong:
        raise UrlRefused("That is no URL. Send one such as https://crm.example.com/window.") from wrong
    if parts.scheme not in _PORTS or not re.fullmatch(_HOST, host):
        raise UrlRefused("A window's URL is absolute: https://, a host, and perhaps a port and a path.")
    if parts.username is not None:
        raise UrlRefused("A window's URL carries no user name.")
    if parts.scheme != _HTTPS and host not in _LOOPBACK:
        raise UrlRefused("A window's URL starts with https://; only a page on the agent's own machine may do without.")
    return url


def origin_of(url: str) -> str:
    """Of a URL that was read, as a browser writes it."""
    scheme = urlsplit(url).scheme
    host, port = _host_and_port(url)
    return f"{scheme}://{host}" if port in {None, _PORTS[scheme]} else f"{scheme}://{host}:{port}"


def _host_and_port(url: str) -> tuple[str, int | None]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host, parts.port
