"""CRM windows beside a session, as who opens them sees them."""

import asyncio
import logging
from typing import NamedTuple

from kefu.desk.call import Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.loading_agents import load_agents
from kefu.domain.agent import Agent
from kefu.domain.custom_parameters import custom_parameters_in
from kefu.domain.directory import Directory
from kefu.domain.ids import login_of
from kefu.domain.iframe import Iframe, Placement, placements_of
from kefu.domain.iframe_post import IframePost, may_be_posted, posts_of
from kefu.domain.iframe_url import Opening, Parameters, PhoneCall, dropped_names, system_parameters, window_url
from kefu.domain.message import Message
from kefu.domain.session import Session
from kefu.domain.session_ref import SessionRef
from kefu.domain.visitor import VisitorProfile
from kefu.records import sessions, visitors

log = logging.getLogger("kefu.iframes")


class IframeView(NamedTuple):
    iframe: Iframe
    placements: tuple[Placement, ...]
    url: str


async def windows_of(
    desk: Desk, caller: Caller, session: Session, *, language: str = "", call: PhoneCall | None = None
) -> list[IframeView]:
    """With URLs made now; none for a visitor, who is not to see what is said of him."""
    directory = await _directory(desk, caller)
    if not directory.iframes:
        return []
    tenant = caller.tenant
    has_extras = directory.settings.iframe_extras_entitled
    custom, (agent, profile) = await asyncio.gather(
        _custom(desk, tenant, session),
        _people(desk, caller, session) if has_extras or call else _nobody(),
    )
    group = directory.group(session.skill_group)
    opening = Opening(
        tenant=tenant,
        session=session,
        agent=agent,
        profile=profile,
        language=language,
        queue_name=group.name if group else "",
        has_extras=has_extras,
        call=call,
    )
    return [
        IframeView(iframe, placements_of(index), _url(iframe, custom, opening))
        for index, iframe in enumerate(directory.iframes)
    ]


async def posts_for(desk: Desk, caller: Caller, message: Message, ref: SessionRef) -> list[IframePost]:
    """What the console posts into windows of this message."""
    if not may_be_posted(message):
        return []
    return posts_of(message, ref, (await _directory(desk, caller)).iframes)


async def _directory(desk: Desk, caller: Caller) -> Directory:
    """Of windows it names none to a visitor."""
    if caller.role is Role.VISITOR:
        return Directory()
    return (await desk.directories.load(desk.store, caller.tenant)).directory


def _url(iframe: Iframe, custom: Parameters, opening: Opening) -> str:
    if dropped := dropped_names(iframe, custom):
        log.warning(
            "session %s of tenant %s: custom parameters called like ones of ours stayed out of window %s: %d",
            *(opening.session.id, opening.tenant, iframe.id, len(dropped)),
        )
    encrypt = None
    if iframe.key:
        from kefu.desk.legacy_des import encrypter  # noqa: PLC0415  most windows have no key

        encrypt = encrypter(iframe.key, iframe.cipher_mode)
    return window_url(iframe, custom, system_parameters(iframe, opening), encrypt)


async def _custom(desk: Desk, tenant: str, session: Session) -> Parameters:
    if session.custom_parameters_seq is None:
        return ()
    entry = await sessions.log_entry(desk.store, tenant, session.id, session.custom_parameters_seq)
    return (custom_parameters_in(entry.message) or ()) if entry and entry.message else ()


async def _people(desk: Desk, caller: Caller, session: Session) -> tuple[Agent | None, VisitorProfile]:
    """The agent who looks, else the one whose session it is; and the visitor's card."""
    own = login_of(caller.user_name) if caller.role in {Role.AGENT, Role.SUPERVISOR} else None
    logins = list(dict.fromkeys(login for login in (own, session.agent) if login))
    found, card = await asyncio.gather(
        load_agents(desk, caller.tenant, logins), visitors.load(desk.store, caller.tenant, session.ref.visitor)
    )
    agent = next((each.value for each in found if each), None)
    return agent, card.value.profile if card else VisitorProfile()


async def _nobody() -> tuple[Agent | None, VisitorProfile]:
    return None, VisitorProfile()
