"""What would happen to a visitor's message now: the real decision on the live state, and nothing written."""

from collections.abc import Mapping

from kefu.desk.access import require_staff
from kefu.desk.attempts import attempt
from kefu.desk.call import Caller
from kefu.desk.desk import Desk
from kefu.desk.facts import read_arrival
from kefu.desk.input import json_object, named
from kefu.domain.channel import Channel
from kefu.domain.decision import Decision, DispatchTrigger
from kefu.domain.dispatch import decide
from kefu.domain.routing_keys import read_routing_keys


async def explain_route(
    desk: Desk, caller: Caller, *, visitor: str, channel: Channel, ext: Mapping[str, object] | None
) -> Decision:
    """The decision for a session that such a message would open. Raises `Invalid`."""
    require_staff(caller)
    named(visitor, "visitorUserName")
    json_object(ext, "ext")
    keys = read_routing_keys(ext)
    moment = await attempt(
        desk,
        lambda desk, _: read_arrival(
            desk, caller.tenant, visitor=visitor, channel=channel, keys=keys, trigger=DispatchTrigger.DRY_RUN
        ),
    )
    return decide(moment.facts, now=desk.clock.now())
