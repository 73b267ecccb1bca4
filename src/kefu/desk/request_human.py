"""Out of the bot stage: the visitor, or somebody for him, asks for a human. Asking again changes nothing."""

from collections.abc import Mapping

from kefu.dataclass import dataclass
from kefu.desk.call import Call
from kefu.desk.changeset import Changeset
from kefu.desk.declining import dispatch_or_decline
from kefu.desk.desk import Desk
from kefu.desk.dispatching import decide_for
from kefu.desk.input import json_object
from kefu.desk.looking import look
from kefu.desk.once import attempt_once, keep, mark
from kefu.desk.open_session import load_open
from kefu.domain.decision import DispatchTrigger
from kefu.domain.log_writer import LogWriter
from kefu.domain.routing_keys import read_routing_keys
from kefu.domain.session import SessionState
from kefu.domain.session_ref import SessionRef
from kefu.records.codec import Codec


@dataclass(frozen=True, kw_only=True, slots=True)
class HumanRequested:
    session: SessionRef


_results = Codec(HumanRequested)


async def request_human(
    desk: Desk, call: Call, ref: SessionRef, ext: Mapping[str, object] | None = None
) -> HumanRequested:
    """Raises `NotFound`, or `Declined` if the session is closed."""
    json_object(ext, "ext")
    requested, _ = await attempt_once(desk, call, _results, lambda desk, lost: _request(desk, call, ref, ext, lost))
    await look(desk, call.tenant, ref)
    return requested


async def _request(
    desk: Desk, call: Call, ref: SessionRef, ext: Mapping[str, object] | None, lost: int
) -> HumanRequested:
    loaded = await load_open(desk, call.by, ref)
    session, result = loaded.value.session, HumanRequested(session=ref)
    if session.state is not SessionState.BOT:
        return await keep(desk, call, _results, result)
    directory = (await desk.directories.load(desk.store, call.tenant)).directory
    changes = Changeset(call.tenant, desk.clock.now(), directory.settings.ranking)
    keys = session.keys.replaced_by(read_routing_keys(ext))
    decision = await decide_for(
        desk,
        changes,
        visitor=ref.visitor,
        channel=ref.channel,
        keys=keys,
        asks_for_human=True,
        trigger=DispatchTrigger.HUMAN_REQUESTED,
        lost_claims=lost,
    )
    writer = LogWriter(changes.now, session)
    await dispatch_or_decline(desk, changes, writer, keys, decision)
    changes.step(loaded, writer)
    changes.add(*mark(call, _results, result, changes.now))
    await changes.commit(desk)
    return result
