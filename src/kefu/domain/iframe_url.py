"""The address a CRM window is opened with, anew for every session."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias
from urllib.parse import parse_qsl, quote

from kefu.domain.agent import Agent
from kefu.domain.channel import Channel
from kefu.domain.iframe import Iframe
from kefu.domain.instants import Instant
from kefu.domain.session import Session
from kefu.domain.visitor import VisitorProfile

Parameters: TypeAlias = tuple[tuple[str, str], ...]

ORIGIN_TYPES = {
    Channel.APP: "app",
    Channel.WEB: "webim",
    Channel.WECHAT: "weixin",
    Channel.WEIBO: "weibo",
    Channel.PHONE: "phone",
    Channel.API: "rest",
}
DEFAULTS = ("easemobId", "visitorImId", "to", "lang")
EXTRAS = (
    *("nickname", "ssid", "userId", "email", "tenantId", "agentId", "agentName"),
    *("originType", "techChannelName", "serviceNumber", "desc", "trueName"),
)
CALLS = (
    *("visitorPhone", "visitorName", "visitorId"),
    *("callId", "callerNumber", "calledNumber", "callDirection", "queueName", "startTime"),
    *("agentId", "agentName", "email", "extension"),
)
SYSTEM = frozenset(name.casefold() for name in (*DEFAULTS, *EXTRAS, *CALLS))


class PhoneCall(NamedTuple):
    """What the call workbench knows of the call."""

    id: str
    caller_number: str = ""
    called_number: str = ""
    is_incoming: bool = True
    started_at: Instant | None = None
    extension: str = ""


class Opening(NamedTuple):
    """Who opens a window, and beside what."""

    tenant: str
    session: Session
    agent: Agent | None = None
    """Whose window it is."""
    profile: VisitorProfile = VisitorProfile()
    language: str = ""
    queue_name: str = ""
    has_extras: bool = False
    call: PhoneCall | None = None


def system_parameters(iframe: Iframe, opening: Opening) -> Parameters:
    """In the order of the vendor's; each name once."""
    visitor = opening.session.ref.visitor
    easemob_id = iframe.easemob_id or opening.tenant
    told = {"easemobId": easemob_id, "visitorImId": visitor, "to": iframe.service_number or easemob_id}
    if iframe.language:
        told["lang"] = opening.language or iframe.language
    if opening.has_extras:
        told |= zip(EXTRAS, _extras(opening, told["to"]), strict=True)
    if opening.call:
        told |= zip(CALLS, _call(opening, opening.call), strict=True)
    return tuple(told.items())


def window_url(
    iframe: Iframe, custom: Parameters, system: Parameters, encrypt: Callable[[str], str] | None = None
) -> str:
    """`encrypt` is there exactly if the window has a key. Custom parameters come first; see `dropped_names`."""
    dropped = {name for name, _ in custom if _is_reserved(name, iframe.url)}
    kept = [(name, value) for name, value in custom if name not in dropped]
    of_custom = encrypt if encrypt and iframe.encrypts_custom_parameters else _plain
    of_system = encrypt if encrypt and iframe.encrypts_system_parameters else _plain
    written = [f"{_quoted(name)}={_quoted(of_custom(value))}" for name, value in kept]
    written += [f"{_quoted(name)}={_quoted(of_system(value))}" for name, value in system]
    base, hash_, fragment = iframe.url.partition("#")
    joint = "?" if "?" not in base else "" if base.endswith(("?", "&")) else "&"
    return f"{base}{joint}{'&'.join(written)}{hash_}{fragment}"


def dropped_names(iframe: Iframe, custom: Iterable[tuple[str, str]]) -> list[str]:
    """Of custom parameters that stay out, being called like one of ours or of the URL: a visitor could forge those."""
    return [name for name, _ in custom if _is_reserved(name, iframe.url)]


def _is_reserved(name: str, url: str) -> bool:
    """As pages read names that read them loosely: without regard to case, padding, and what PHP takes for an array."""
    plain = name.strip().casefold().partition("[")[0]
    query = url.partition("#")[0].partition("?")[2]
    return not plain or plain in SYSTEM or plain in {key.casefold() for key, _ in parse_qsl(query, True)}  # noqa: FBT003


def _extras(opening: Opening, service_number: str) -> tuple[str, ...]:
    session, agent, profile = opening.session, opening.agent, opening.profile
    return (
        profile.nickname or "",
        session.id,
        session.ref.visitor,
        agent.user_name if agent else "",
        opening.tenant,
        agent.login if agent else "",
        agent_name(agent),
        ORIGIN_TYPES[session.channel],
        session.channel.value,
        service_number,
        profile.description or "",
        profile.true_name or "",
    )


def _call(opening: Opening, call: PhoneCall) -> tuple[str, ...]:
    agent, profile = opening.agent, opening.profile
    return (
        profile.phone or "",
        profile.true_name or profile.nickname or "",
        opening.session.ref.visitor,
        call.id,
        call.caller_number,
        call.called_number,
        "in" if call.is_incoming else "out",
        opening.queue_name,
        "" if call.started_at is None else str(call.started_at),
        agent.login if agent else "",
        agent_name(agent),
        agent.user_name if agent else "",
        call.extension,
    )


def agent_name(agent: Agent | None) -> str:
    return (agent.nickname or agent.user_name) if agent else ""


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _plain(text: str) -> str:
    return text
