"""A company that works with the API: a tenant of its own for every test. Names what matters, hides the rest."""

import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, Concatenate, ParamSpec, TypeVar

from api.graphql_client import Api
from api.serving import Server
from kefu.api.node_ids import encode_id, parts_of, session_id, session_ref
from kefu.desk.attempts import commit
from kefu.desk.bindings import BindingName, create_binding
from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.directory import GroupChange, save_group, save_rule
from kefu.desk.iframes import IframeChange, save_iframe
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.tenant_settings import update_settings
from kefu.desk.tenants import Credentials, create_tenant
from kefu.desk.webhooks import WebhookChange, save_webhook
from kefu.domain.agent import AgentStatus
from kefu.domain.channel import Channel
from kefu.domain.delivery import DeliveryState, WebhookDelivery
from kefu.domain.directory import ChannelSettings, RoutingRule
from kefu.domain.log import EventKind
from kefu.records import deliveries
from kefu.testing.laws import check_laws
from kefu.testing.ledger import Ledger

P = ParamSpec("P")
R = TypeVar("R")

ONLINE, BUSY, AWAY, HIDDEN, OFFLINE = AgentStatus
SESSION = """id state channel isVip queuePosition unreadCount startedAt endReason rating
  agent { userName } directedTo { userName } skillGroup { name } visitor { userName }
  decision { outcome agent { userName } steps { rule outcome reason detail } }"""


def weichat(*, tags: object = None, **keys: object) -> dict[str, object]:
    """An `ext` with these routing keys, as the visitor's app would send it."""
    return {"weichat": keys | ({"visitor": {"tags": tags}} if tags is not None else {})}


@dataclass(kw_only=True, slots=True, repr=False)
class Company:
    server: Server
    credentials: Credentials
    partner: Api
    groups: dict[str, str] = field(default_factory=dict)
    """Node ids by name."""
    group_ids: dict[str, str] = field(default_factory=dict)
    """What the desk calls them."""

    @property
    def tenant(self) -> str:
        return self.credentials.tenant

    def supervisor(self, name: str) -> Api:
        return self._as(Role.SUPERVISOR, name)

    def agent_api(self, name: str) -> Api:
        return self._as(Role.AGENT, name)

    def visitor_api(self, name: str) -> Api:
        return self._as(Role.VISITOR, name)

    async def group(self, name: str) -> str:
        saved = await self.at_desk(save_group, GroupChange(name=name))
        self.group_ids[name] = saved.name
        self.groups[name] = encode_id("SkillGroup", self.tenant, saved.name)
        return self.groups[name]

    async def agent(self, name: str, *groups: str, max_sessions: int = 1, status: AgentStatus = ONLINE) -> None:
        served = tuple(self.group_ids[group] for group in groups)
        await self.at_desk(save_agent, AgentChange(user_name=name, max_sessions=max_sessions, groups=served))
        await self.turn(name, status)

    async def turn(self, name: str, status: AgentStatus) -> None:
        await self.at_desk(set_agent_status, name, status)

    async def bind(self, flag: str, visitor: str, agent: str) -> None:
        await self.at_desk(create_binding, BindingName(business_flag=flag, visitor=visitor), agent)

    async def rule(self, flag: str, group: str) -> None:
        await self.at_desk(save_rule, RoutingRule(routing_rule_flag=flag, skill_group=self.group_ids[group]))

    async def bot(self, channel: Channel) -> None:
        """The channel's visitors are received by a bot."""
        settings = ChannelSettings(channel=channel, has_bot=True)
        await self.at_desk(update_settings, lambda known: replace(known, channels=(settings,)))

    async def webhook(self) -> str:
        """Of a kind of event that no test brings about: nothing is ever sent."""
        change = WebhookChange(url="https://hooks.example/", kinds=(EventKind.PENDING_AUTO_END,))
        return encode_id("Webhook", self.tenant, (await self.at_desk(save_webhook, change)).id)

    async def iframe(self, name: str, **given: Any) -> str:
        change = IframeChange(name=name, **{"url": "https://crm.example/"} | given)
        return encode_id("Iframe", self.tenant, (await self.at_desk(save_iframe, change)).name)

    async def dead_letter(self, hook: str, session: str, seq: int) -> str:
        """An event of a session that the webhook did not take."""
        [webhook], ref = parts_of(hook, "Webhook", self.tenant) or [""], session_ref(session, self.tenant)
        assert ref is not None
        now = self.server.desk.clock.now()
        letter = WebhookDelivery(
            webhook=webhook,
            ref=ref,
            seq=seq,
            kind=EventKind.PENDING_AUTO_END,
            at=now,
            state=DeliveryState.DEAD,
            attempts=8,
            tried_at=now,
            answer="HTTP 500",
        )
        await self.server.inside(commit(self.server.desk, [deliveries.write(self.tenant, letter)]))
        return encode_id("WebhookDelivery", self.tenant, webhook, ref.id, str(seq))

    async def receive(self, visitor: str, text: str, *, channel: Channel = Channel.APP, **keys: object) -> str:
        """Id of the session that a visitor's message came to."""
        message = IncomingMessage(visitor=visitor, text=text, channel=channel, ext=weichat(**keys))
        return session_id(self.tenant, (await self.at_desk(ingest_message, message)).session)

    async def at_desk(
        self, use_case: Callable[Concatenate[Desk, Call, P], Coroutine[Any, Any, R]], *given: P.args, **named: P.kwargs
    ) -> R:
        """What must be there before a test begins, without the way over the API: it takes a tenth of the time."""
        by = Caller(tenant=self.tenant, role=Role.PARTNER, user_name=self.credentials.client_id)
        desk = self.server.desk
        return await self.server.inside(use_case(desk, Call(by=by), *given, **named))

    async def write(self, visitor: str, text: str = "hello", **keys: object) -> dict[str, Any]:
        """The session, after the visitor wrote; keys go into `ext.weichat`."""
        ext = {"ext": weichat(**keys)} if keys else {}
        written = await self.partner.do(
            "messageIngest", f"session {{ {SESSION} }}", visitorUserName=visitor, text=text, **ext
        )
        session: dict[str, Any] = written["session"]
        return session

    async def session(self, session_id: str) -> dict[str, Any]:
        asked = await self.partner.ask(f"query($id: ID!) {{ session(id: $id) {{ {SESSION} }} }}", id=session_id)
        session: dict[str, Any] = asked["session"]
        return session

    async def close(self, session_id: str) -> list[str]:
        """Ids of the sessions that the freed room went to."""
        closed = await self.partner.do("sessionClose", "assigned { id }", sessionId=session_id)
        return [each["id"] for each in closed["assigned"]]

    async def check_laws(self) -> Ledger:
        desk = self.server.desk
        return await self.server.inside(check_laws(desk.store, self.tenant, desk.clock.now()))

    async def position(self) -> str:
        return await self.server.position(self.tenant)

    def _as(self, role: Role, name: str) -> Api:
        return replace(self.partner, token=self.server.token(self.tenant, role, name))


async def found_company(server: Server, http: Any) -> Company:
    """A new tenant with credentials, and nothing in it."""
    tenant = str(secrets.randbelow(10**15))
    credentials = await server.inside(create_tenant(server.desk, tenant, f"Company {tenant}"))
    partner = server.api(http, tenant, Role.PARTNER, credentials.client_id)
    return Company(server=server, credentials=credentials, partner=partner)


def place_of(session: dict[str, Any]) -> str:
    """Where a session is, in a word: 'with a', 'waits for a', 'queued in 售前', 'CLOSED'."""
    if session["directedTo"]:
        return f"waits for {session['directedTo']['userName']}"
    if session["state"] == "ACTIVE":
        return f"with {session['agent']['userName']}"
    return f"queued in {session['skillGroup']['name']}" if session["state"] == "WAITING" else str(session["state"])
