from typing import TYPE_CHECKING, Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info
from kefu.api.node_ids import encode_id
from kefu.api.pagination import After, Connection, First, Window, connect, cut, window
from kefu.api.types.node import Node
from kefu.desk.access import may_see_session
from kefu.domain import visitor as domain
from kefu.domain.binding import Binding as BindingValue
from kefu.domain.session import Session as SessionValue
from kefu.records import bindings, sessions, visitors

if TYPE_CHECKING:
    from kefu.api.types.binding import Binding
    from kefu.api.types.session import Session

_KEPT_MAX = 100


@define.type(description="What a visitor's app says of him; null means it never said.")
class VisitorProfile:
    nickname: str | None = strawberry.field(description="Nickname.")
    true_name: str | None = strawberry.field(description="Real name.")
    phone: str | None = strawberry.field(description="Telephone number.")
    qq: str | None = strawberry.field(description="QQ number.")
    email: str | None = strawberry.field(description="E-mail address.")
    company_name: str | None = strawberry.field(description="Company.")
    description: str | None = strawberry.field(description="Remarks.")


@define.type(description="An end user who writes in.")
class Visitor(Node):
    user_name: str = strawberry.field(description="Identifies the visitor in the tenant, compared exactly.")

    @classmethod
    def of(cls, user_name: str, tenant: str) -> "Visitor":
        return cls(id=strawberry.ID(encode_id("Visitor", tenant, user_name)), user_name=user_name)

    @strawberry.field(description="The visitor's card.")
    async def profile(self, info: Info) -> VisitorProfile:
        card = await self._card(info)
        return VisitorProfile(**{name: getattr(card.profile, name) for name in domain.PROFILE_FIELDS})

    @strawberry.field(description="Tags the app last sent; any makes a new session VIP.")
    async def tags(self, info: Info) -> list[str]:
        return list((await self._card(info)).tags)

    @strawberry.field(description="The visitor's newest open session; null if none is open.")
    async def open_session(self, info: Info) -> Annotated["Session", strawberry.lazy("kefu.api.types.session")] | None:
        from kefu.api.types.session import Session  # noqa: PLC0415  sessions have visitors

        found = await self._sessions(info)
        return next((Session.of(session, info.context.tenant) for session in found if session.is_open), None)

    @strawberry.field(description="The visitor's latest sessions, newest first.")
    async def sessions(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Annotated["Session", strawberry.lazy("kefu.api.types.session")]]:
        from kefu.api.types.session import Session  # noqa: PLC0415  as above

        found = await self._sessions(info)
        places = {session.id: f"{number:03d}" for number, session in enumerate(found)}

        async def fetch(asked: Window) -> tuple[list[SessionValue], bool]:
            return cut(found, asked, lambda session: places[session.id])

        return await connect(
            window("visits", first, after),
            fetch,
            place=lambda session: places[session.id],
            node=lambda session: Session.of(session, info.context.tenant),
        )

    @strawberry.field(description="The visitor's bindings, by businessFlag.")
    async def bindings(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Annotated["Binding", strawberry.lazy("kefu.api.types.binding")]]:
        from kefu.api.types.binding import Binding  # noqa: PLC0415  bindings have visitors

        context = info.context
        found = await bindings.of_visitor(
            context.desk.store, context.tenant, self.user_name, context.desk.clock.now(), _KEPT_MAX
        )

        async def fetch(asked: Window) -> tuple[list[BindingValue], bool]:
            return cut(found, asked, lambda binding: binding.business_flag)

        return await connect(
            window("bindings-of", first, after),
            fetch,
            place=lambda binding: binding.business_flag,
            node=lambda binding: Binding.of(binding, context.tenant),
        )

    async def _card(self, info: Info) -> domain.Visitor:
        """Empty for a visitor whose app never sent any."""
        loaded = await visitors.load(info.context.desk.store, info.context.tenant, self.user_name)
        return loaded.value if loaded else domain.Visitor(user_name=self.user_name)

    async def _sessions(self, info: Info) -> list[SessionValue]:
        """Those that the caller may see."""
        context = info.context
        own = await context.own_agent()
        found = await sessions.of_visitor(context.desk.store, context.tenant, self.user_name, _KEPT_MAX)
        return [session for session in found if may_see_session(context.by, session, own)]


async def load_known_visitor(info: Info, user_name: str) -> Visitor | None:
    """A visitor who ever wrote or was described; None otherwise."""
    context = info.context
    is_known = await visitors.load(context.desk.store, context.tenant, user_name) or await sessions.of_visitor(
        context.desk.store, context.tenant, user_name, 1
    )
    return Visitor.of(user_name, context.tenant) if is_known else None
