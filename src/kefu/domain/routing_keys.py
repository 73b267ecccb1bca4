"""Routing keys: what a message's `ext` says about who should serve its sender."""

import re
from collections.abc import Mapping

from kefu.dataclass import dataclass
from kefu.domain.bounds import NAME_LENGTH_MAX, TAGS_MAX

_PADDING = re.compile(r"^[\s\u200b-\u200d\u2060\ufeff]+|[\s\u200b-\u200d\u2060\ufeff]+$")


@dataclass(frozen=True, kw_only=True, slots=True)
class RoutingKeys:
    agent_username: str | None = None
    business_flag: str | None = None
    routing_rule_flag: str | None = None
    queue_name: str | None = None
    tags: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()
    """Names of keys that were there with a value that cannot be used."""

    @property
    def is_vip(self) -> bool:
        return bool(self.tags)

    def replaced_by(self, newer: "RoutingKeys") -> "RoutingKeys":
        """These keys, each replaced where the message that asks for a human carries it too."""
        return RoutingKeys(
            agent_username=newer.agent_username or self.agent_username,
            business_flag=newer.business_flag or self.business_flag,
            routing_rule_flag=newer.routing_rule_flag or self.routing_rule_flag,
            queue_name=newer.queue_name or self.queue_name,
            tags=newer.tags or self.tags,
            invalid=newer.invalid or self.invalid,
        )


NO_KEYS = RoutingKeys()


def weichat_of(ext: Mapping[str, object] | None) -> Mapping[str, object]:
    return _mapping(clean_keys(ext or {}).get("weichat"))


def visitor_card_of(ext: Mapping[str, object] | None) -> Mapping[str, object]:
    return _mapping(weichat_of(ext).get("visitor"))


def read_routing_keys(ext: Mapping[str, object] | None) -> RoutingKeys:
    """The routing keys of a message's `ext`.

    Keys are read without the white space around them (also U+00A0, U+3000 and zero-width: the vendor's own
    example pads one), values exactly as they came. A number counts as its text. Anything else that is not one
    non-blank string is no value; its key is listed in `invalid`.
    """
    weichat = weichat_of(ext)
    invalid: list[str] = []

    def single(key: str) -> str | None:
        value = weichat.get(key)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and not _is_blank(value) and len(value) <= NAME_LENGTH_MAX:
            return value
        invalid.append(key)
        return None

    return RoutingKeys(
        agent_username=single("agentUsername"),
        business_flag=single("businessFlag"),
        routing_rule_flag=single("routingRuleFlag"),
        queue_name=single("queueName"),
        tags=read_tags(ext) or (),
        invalid=tuple(invalid),
    )


def read_tags(ext: Mapping[str, object] | None) -> tuple[str, ...] | None:
    """The visitor's tags, blank ones dropped; None if the message says nothing of tags."""
    card = visitor_card_of(ext)
    if "tags" not in card:
        return None
    tags = card["tags"]
    listed = [tags] if isinstance(tags, str) else tags if isinstance(tags, list) else []
    kept = [tag for tag in listed if isinstance(tag, str) and not _is_blank(tag)]
    return tuple(tag[:NAME_LENGTH_MAX] for tag in kept[:TAGS_MAX])


def clean_keys(raw: Mapping[str, object]) -> dict[str, object]:
    """`raw` with the padding of its keys removed; where a padded and a clean key collide, the clean one wins."""
    cleaned = {_PADDING.sub("", key): value for key, value in raw.items()}
    return cleaned | {key: value for key, value in raw.items() if key in cleaned}


def _mapping(value: object) -> Mapping[str, object]:
    return clean_keys(value) if isinstance(value, Mapping) else {}


def _is_blank(value: str) -> bool:
    return not _PADDING.sub("", value)
