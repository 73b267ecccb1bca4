from kefu.desk.changeset import Changeset
from kefu.desk.desk import Desk
from kefu.desk.facts import read_arrival
from kefu.domain.bot import Handover
from kefu.domain.channel import Channel
from kefu.domain.decision import Decision, DispatchTrigger
from kefu.domain.dispatch import decide
from kefu.domain.routing_keys import RoutingKeys


async def decide_for(
    desk: Desk,
    changes: Changeset,
    *,
    visitor: str,
    channel: Channel,
    keys: RoutingKeys,
    asks_for_human: bool,
    trigger: DispatchTrigger,
    lost_claims: int,
    handover: Handover | None = None,
) -> Decision:
    """The decision for a session now; the agents it weighed are known to `changes`."""
    moment = await read_arrival(
        desk,
        changes.tenant,
        visitor=visitor,
        channel=channel,
        keys=keys,
        asks_for_human=asks_for_human,
        trigger=trigger,
        lost_claims=lost_claims,
        handover=handover,
    )
    changes.know(*moment.agents)
    return decide(moment.facts, now=changes.now, seed=desk.new_seed())
