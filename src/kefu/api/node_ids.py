"""Opaque ids: a kind, the tenant and what leads to the record. Another tenant's id leads nowhere."""

import base64
import binascii

from kefu.domain.channel import Channel
from kefu.domain.session_ref import SessionRef

_SEPARATOR = "\x1f"


def encode_id(kind: str, tenant: str, *parts: str) -> str:
    joined = _SEPARATOR.join((kind, tenant, *parts))
    return base64.urlsafe_b64encode(joined.encode()).decode().rstrip("=")


def decode_id(node_id: str, tenant: str) -> tuple[str, list[str]] | None:
    """The kind and parts of an id of this tenant; None if it is not one."""
    try:
        padded = node_id + "=" * (-len(node_id) % 4)
        kind, owner, *parts = base64.urlsafe_b64decode(padded.encode()).decode().split(_SEPARATOR)
    except (binascii.Error, ValueError):
        return None
    return (kind, parts) if owner == tenant else None


def parts_of(node_id: str, kind: str, tenant: str) -> list[str] | None:
    decoded = decode_id(node_id, tenant)
    return decoded[1] if decoded and decoded[0] == kind else None


def session_id(tenant: str, ref: SessionRef) -> str:
    return encode_id("Session", tenant, *ref_parts(ref))


def ref_parts(ref: SessionRef) -> tuple[str, str, str, str]:
    return ref.visitor, ref.channel.value, str(ref.ordinal), ref.id


def ref_of(parts: list[str]) -> SessionRef | None:
    try:
        visitor, channel, ordinal, session = parts
        return SessionRef(visitor, Channel(channel), int(ordinal), session)
    except ValueError:
        return None


def session_ref(node_id: str, tenant: str) -> SessionRef | None:
    parts = parts_of(node_id, "Session", tenant)
    return ref_of(parts) if parts else None
