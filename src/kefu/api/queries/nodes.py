from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry

from kefu.api.context import Info
from kefu.api.errors import BadUserInput
from kefu.api.node_ids import decode_id, ref_of
from kefu.api.queries.agents import find_agent
from kefu.api.queries.bindings import find_binding
from kefu.api.queries.iframes import find_iframe
from kefu.api.queries.visitors import find_visitor
from kefu.api.queries.webhooks import find_delivery, find_webhook
from kefu.api.types.event import SessionEvent
from kefu.api.types.node import Node
from kefu.api.types.queue import Queue, find_queue
from kefu.api.types.session import load_session
from kefu.api.types.skill_group import load_group
from kefu.desk.call import Role
from kefu.domain.bounds import PAGE_MAX
from kefu.records import sessions

NodeId = Annotated[strawberry.ID, strawberry.argument(description="An id as the API gave it.")]
NodeIds = Annotated[list[strawberry.ID], strawberry.argument(description="Ids as the API gave them, up to 100.")]


async def find_node(info: Info, id: NodeId) -> Node | None:  # noqa: A002  the contract's name
    decoded = decode_id(id, info.context.tenant)
    find = _FINDERS.get(decoded[0]) if decoded else None
    if decoded is None or find is None:
        return None
    try:
        return await find(info, decoded[1])
    except ValueError:
        return None


async def find_nodes(info: Info, ids: NodeIds) -> list[Node | None]:
    if len(ids) > PAGE_MAX:
        raise BadUserInput(f"Ask for at most {PAGE_MAX} nodes at once.")
    return [await find_node(info, each) for each in ids]


async def _session(info: Info, parts: list[str]) -> Node | None:
    return await load_session(info, ref_of(parts))


async def _message(info: Info, parts: list[str]) -> Node | None:
    event = await _event(info, parts)
    return event.message if event else None


async def _event(info: Info, parts: list[str]) -> SessionEvent | None:
    *of_session, seq = parts
    ref = ref_of(of_session)
    if ref is None or await load_session(info, ref) is None:
        return None
    entry = await sessions.log_entry(info.context.desk.store, info.context.tenant, ref.id, int(seq))
    return SessionEvent.of(entry, ref, info.context.tenant) if entry else None


async def _agent(info: Info, parts: list[str]) -> Node | None:
    [login] = parts
    return await find_agent(info, login)


async def _visitor(info: Info, parts: list[str]) -> Node | None:
    [name] = parts
    return await find_visitor(info, name)


async def _binding(info: Info, parts: list[str]) -> Node | None:
    flag, visitor_name = parts
    return await find_binding(info, flag, visitor_name)


async def _group(info: Info, parts: list[str]) -> Node | None:
    [group] = parts
    return await load_group(info, group) if info.context.by.role is not Role.VISITOR else None


async def _queue(info: Info, parts: list[str]) -> Queue | None:
    kind, owner = parts
    return await find_queue(info, kind, owner)


async def _webhook(info: Info, parts: list[str]) -> Node | None:
    [webhook] = parts
    return await find_webhook(info, webhook)


_FINDERS: dict[str, Callable[[Info, list[str]], Awaitable[Node | None]]] = {
    "Session": _session,
    "Message": _message,
    "SessionEvent": _event,
    "Agent": _agent,
    "Visitor": _visitor,
    "Binding": _binding,
    "SkillGroup": _group,
    "Queue": _queue,
    "Iframe": find_iframe,
    "Webhook": _webhook,
    "WebhookDelivery": find_delivery,
}
