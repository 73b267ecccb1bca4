"""Where a webhook may lead: an address on the public internet, unless the deployment allows others."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias
from urllib.parse import urlsplit

from kefu.dataclass import dataclass
from kefu.domain.bounds import URL_LENGTH_MAX

Address: TypeAlias = IPv4Address | IPv6Address

HTTPS = "https"
PORTS = {HTTPS: 443, "http": 80}
_NAT64 = IPv6Network("64:ff9b::/96")
_LAST_32_BITS = 0xFFFF_FFFF


class TargetRefused(Exception):
    """The message says why, and what would do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WebTarget:
    is_encrypted: bool
    host: str
    port: int
    path: str
    """With the query."""

    @property
    def authority(self) -> str:
        """As a Host header says it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[HTTPS if self.is_encrypted else "http"] else f"{host}:{self.port}"


def read_target(url: str, *, allows_private: bool) -> WebTarget:
    """Raises `TargetRefused`. A name is not looked up here: its addresses are checked when one is connected to."""
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise TargetRefused(f"A webhook's URL is plain ASCII of at most {URL_LENGTH_MAX} characters, without spaces.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as wrong:
        raise TargetRefused("That is no URL. Send one such as https://example.com/hooks.") from wrong
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise TargetRefused("A webhook's URL is absolute: https://, a host, and perhaps a port and a path.")
    if parts.username is not None or parts.fragment:
        raise TargetRefused("A webhook's URL carries no user name and no fragment; sign with the secret instead.")
    if parts.scheme != HTTPS and not allows_private:
        raise TargetRefused("A webhook's URL starts with https://.")
    literal = _literal(parts.hostname)
    if not allows_private and (_is_local_name(parts.hostname) or (literal and not is_public(literal))):
        raise TargetRefused("A webhook's URL leads to the public internet, not to a private or local address.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebTarget(
        is_encrypted=parts.scheme == HTTPS, host=parts.hostname, port=port or PORTS[parts.scheme], path=path
    )


def is_public(address: Address) -> bool:
    """Whether packets to it leave for the internet: neither private, local, shared, multicast nor reserved."""
    if isinstance(address, IPv6Address) and (inner := _embedded(address)):
        return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The older address that a gateway would go to."""
    if address in _NAT64:
        return IPv4Address(int(address) & _LAST_32_BITS)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _is_local_name(host: str) -> bool:
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith((".localhost", ".local", ".internal"))
