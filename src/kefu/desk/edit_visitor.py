"""An agent writes into a visitor's card: what he wrote, the visitor's own app no longer overwrites."""

from collections.abc import Mapping

from kefu.dataclass import dataclass
from kefu.desk.access import STAFF
from kefu.desk.attempts import commit
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.input import message_text, named
from kefu.desk.loading_agents import holds_session_of
from kefu.desk.once import attempt_once, mark
from kefu.domain.refusals import Declined, Invalid, RefusalCode
from kefu.domain.visitor import PROFILE_FIELDS, Visitor
from kefu.records import visitors
from kefu.records.codec import Codec
from kefu.store.port import Expect


@dataclass(frozen=True, kw_only=True, slots=True)
class VisitorEdited:
    visitor: str


_results = Codec(VisitorEdited)


async def edit_visitor(desk: Desk, call: Call, visitor: str, fields: Mapping[str, str]) -> VisitorEdited:
    """`fields` by the names of `VisitorProfile`. Raises `Invalid`, or `Declined` for who does not serve the visitor."""
    named(visitor, "visitorUserName")
    if unknown := fields.keys() - set(PROFILE_FIELDS):
        raise Invalid(f"A visitor's profile has no {min(unknown)}. Use {', '.join(PROFILE_FIELDS)}.", "profile")
    for field, text in fields.items():
        message_text(text, field)
    edited, _ = await attempt_once(desk, call, _results, lambda desk, _: _edit(desk, call, visitor, fields))
    return edited


async def _edit(desk: Desk, call: Call, visitor: str, fields: Mapping[str, str]) -> VisitorEdited:
    await _require_serves(desk, call, visitor)
    loaded = await visitors.load(desk.store, call.tenant, visitor)
    known = loaded.value if loaded else Visitor(user_name=visitor)
    result = VisitorEdited(visitor=visitor)
    write = visitors.write(call.tenant, known.edited(fields), loaded.version if loaded else Expect.ABSENT)
    await commit(desk, [write, *mark(call, _results, result, desk.clock.now())])
    return result


async def _require_serves(desk: Desk, call: Call, visitor: str) -> None:
    """Staff edit anybody's card, an agent those of visitors whose session he holds."""
    if call.by.role not in STAFF and not await holds_session_of(desk, call.by, visitor):
        raise Declined(
            RefusalCode.NOT_ALLOWED, "An agent edits the card of a visitor whose session he holds.", "visitorUserName"
        )
