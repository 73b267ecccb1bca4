"""The schema: every root field, its description, and how errors leave it."""

from collections.abc import AsyncGenerator, Iterator

import strawberry
from graphql import GraphQLError, OperationType, get_operation_ast
from strawberry.extensions import (
    DisableIntrospection,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    QueryDepthLimiter,
    SchemaExtension,
)
from strawberry.types import ExecutionContext

from kefu.api import define
from kefu.api.context import Context
from kefu.api.errors import BadUserInput, SubscriptionOverHttp, code_errors
from kefu.api.mutations import (
    agent,
    binding,
    binding_rule,
    bot,
    directory,
    iframe,
    left_message,
    message,
    phrases,
    rating,
    session,
    settings,
    token,
    webhook,
)
from kefu.api.pagination import Connection
from kefu.api.queries.agents import find_agent, list_agents
from kefu.api.queries.binding_rules import list_binding_rules
from kefu.api.queries.bindings import list_bindings, read_binding
from kefu.api.queries.bots import list_faq_entries, read_bot
from kefu.api.queries.explain import route_explain
from kefu.api.queries.iframes import list_iframes
from kefu.api.queries.nodes import find_node, find_nodes
from kefu.api.queries.phrases import list_phrases
from kefu.api.queries.queues import list_queues, list_skill_groups
from kefu.api.queries.ratings import report_ratings
from kefu.api.queries.service_report import report_service
from kefu.api.queries.sessions import find_session, list_sessions
from kefu.api.queries.viewer import Viewer, read_viewer
from kefu.api.queries.visitors import find_visitor
from kefu.api.queries.webhooks import list_deliveries, list_webhooks
from kefu.api.scalars import config
from kefu.api.subscriptions import (
    AgentChangedPayload,
    QueueChangedPayload,
    SessionEventPayload,
    follow_agent_changes,
    follow_queue_changes,
    follow_session_events,
)
from kefu.api.types.agent import Agent
from kefu.api.types.binding import Binding
from kefu.api.types.binding_rule import BindingRule
from kefu.api.types.bot import Bot, FaqEntry
from kefu.api.types.decision import DispatchDecision
from kefu.api.types.event import SessionEvent
from kefu.api.types.iframe import Iframe
from kefu.api.types.message import Message
from kefu.api.types.node import Node
from kefu.api.types.queue import Queue
from kefu.api.types.rating import RatingReport
from kefu.api.types.service_report import ServiceReport
from kefu.api.types.session import Session, SessionConnection
from kefu.api.types.skill_group import SkillGroup
from kefu.api.types.visitor import Visitor
from kefu.api.types.webhook import Webhook, WebhookDelivery

DEPTH_MAX = 15
TOKENS_MAX = 2_000
ALIASES_MAX = 30


@define.type(description="Everything that can be read.")
class Query:
    viewer: Viewer = strawberry.field(resolver=read_viewer, description="Who the token stands for.")
    node: Node | None = strawberry.field(
        resolver=find_node, description="Anything by its id; null if it is not there for this token."
    )
    nodes: list[Node | None] = strawberry.field(
        resolver=find_nodes, description="Anything by its id, in the order asked."
    )
    session: Session | None = strawberry.field(resolver=find_session, description="One session.")
    sessions: SessionConnection = strawberry.field(
        resolver=list_sessions, description="Sessions, newest first; an agent sees his own, a visitor his own."
    )
    skill_groups: Connection[SkillGroup] = strawberry.field(
        resolver=list_skill_groups, description="The built-in default group first, then by name."
    )
    queues: list[Queue] = strawberry.field(
        resolver=list_queues, description="The queues that the token may see: the default group's first, then by name."
    )
    agent: Agent | None = strawberry.field(resolver=find_agent, description="One agent.")
    agents: Connection[Agent] = strawberry.field(resolver=list_agents, description="Agents, by login.")
    visitor: Visitor | None = strawberry.field(resolver=find_visitor, description="One visitor.")
    binding: Binding | None = strawberry.field(
        resolver=read_binding, description="The binding of a visitor under a flag, if one holds."
    )
    bindings: Connection[Binding] = strawberry.field(
        resolver=list_bindings, description="Bindings, by agent, flag and visitor."
    )
    binding_rules: list[BindingRule] = strawberry.field(
        resolver=list_binding_rules, description="The rules of automatic binding, by name; at most 50."
    )
    bot: Bot = strawberry.field(resolver=read_bot, description="How the tenant's bot is set up.")
    faq_entries: Connection[FaqEntry] = strawberry.field(
        resolver=list_faq_entries, description="What the built-in bot can answer, by question."
    )
    phrases: list[str] = strawberry.field(
        resolver=list_phrases, description="What visitors are offered while they type."
    )
    rating_report: RatingReport = strawberry.field(
        resolver=report_ratings, description="How visitors rated the service, by agent, skill group or day."
    )
    service_report: ServiceReport | None = strawberry.field(
        resolver=report_service,
        description="How visitors were served, from the sessions' logs alone: service level, speed of answer, "
        "abandonment, handle time, slots in use, overflow, transfers.",
    )
    route_explain: DispatchDecision = strawberry.field(
        resolver=route_explain,
        description="What would happen to a message that opens a session now. Writes nothing.",
    )
    iframes: list[Iframe] = strawberry.field(
        resolver=list_iframes, description="The tenant's CRM windows, oldest first."
    )
    webhooks: Connection[Webhook] = strawberry.field(resolver=list_webhooks, description="Webhooks, oldest first.")
    webhook_deliveries: Connection[WebhookDelivery] = strawberry.field(
        resolver=list_deliveries,
        description="Events that a webhook did not take at once, latest event first; dead letters are among them.",
    )


@define.type(description="Everything that can be changed. What is declined is told in `userErrors`.")
class Mutation:
    message_ingest: message.MessageIngestPayload = strawberry.mutation(
        resolver=message.message_ingest,
        description="A visitor's message comes in: opens a session and routes it, or is added to the open one.",
    )
    message_send: message.MessageSendPayload = strawberry.mutation(
        resolver=message.message_send, description="An agent answers."
    )
    message_leave: left_message.MessageLeavePayload = strawberry.mutation(
        resolver=left_message.message_leave,
        description="Leaves a message: once the desk is open it comes into a session, exactly once.",
    )
    session_request_human: session.SessionRequestHumanPayload = strawberry.mutation(
        resolver=session.session_request_human,
        description="Takes a session out of the bot stage; doing it again changes nothing.",
    )
    session_transfer: session.SessionTransferPayload = strawberry.mutation(
        resolver=session.session_transfer, description="Hands a session to an agent or to a skill group."
    )
    session_close: session.SessionClosePayload = strawberry.mutation(
        resolver=session.session_close, description="Ends a session; the freed room goes to who waits."
    )
    rating_invite: rating.RatingInvitePayload = strawberry.mutation(
        resolver=rating.rating_invite, description="Asks the visitor for a rating; again, if he has not given one."
    )
    rating_submit: rating.RatingSubmitPayload = strawberry.mutation(
        resolver=rating.rating_submit,
        description="Rates a session, once: while an agent has it, and until a while after its end.",
    )
    bot_save: bot.BotSavePayload = strawberry.mutation(
        resolver=bot.bot_save, description="Says how the bot behaves. Which channels have one, the settings say."
    )
    faq_entry_save: bot.FaqEntrySavePayload = strawberry.mutation(
        resolver=bot.faq_entry_save, description="Makes or changes a question that the built-in bot can answer."
    )
    faq_entry_delete: bot.FaqEntryDeletePayload = strawberry.mutation(
        resolver=bot.faq_entry_delete, description="Deletes a question that the built-in bot can answer."
    )
    phrases_save: phrases.PhrasesSavePayload = strawberry.mutation(
        resolver=phrases.phrases_save, description="Says what visitors are offered while they type."
    )
    agent_status_set: agent.AgentStatusSetPayload = strawberry.mutation(
        resolver=agent.agent_status_set,
        description="Coming ONLINE takes who waits; going OFFLINE sends bound visitors to their groups.",
    )
    agent_heartbeat: agent.AgentHeartbeatPayload = strawberry.mutation(
        resolver=agent.agent_heartbeat,
        description="An agent's client shows itself: starts the presence lease or extends it, as any of its requests does.",
    )
    agent_save: agent.AgentSavePayload = strawberry.mutation(
        resolver=agent.agent_save, description="Makes or changes an agent. A new one is OFFLINE."
    )
    agent_delete: agent.AgentDeletePayload = strawberry.mutation(
        resolver=agent.agent_delete, description="Deletes an agent who holds no sessions, or any if forced."
    )
    binding_create: binding.BindingCreatePayload = strawberry.mutation(
        resolver=binding.binding_create, description="Binds a visitor to an agent for one businessFlag."
    )
    binding_delete: binding.BindingDeletePayload = strawberry.mutation(
        resolver=binding.binding_delete, description="Ends a binding; who waits because of it goes to his group."
    )
    binding_rule_save: binding_rule.BindingRuleSavePayload = strawberry.mutation(
        resolver=binding_rule.binding_rule_save, description="Makes or changes a rule of automatic binding."
    )
    binding_rule_delete: binding_rule.BindingRuleDeletePayload = strawberry.mutation(
        resolver=binding_rule.binding_rule_delete, description="Deletes a rule of automatic binding."
    )
    business_event_record: binding_rule.BusinessEventRecordPayload = strawberry.mutation(
        resolver=binding_rule.business_event_record,
        description="Tells of an event of your own business; binding rules act on it in the same commit.",
    )
    skill_group_save: directory.SkillGroupSavePayload = strawberry.mutation(
        resolver=directory.skill_group_save, description="Makes or changes a skill group."
    )
    skill_group_delete: directory.SkillGroupDeletePayload = strawberry.mutation(
        resolver=directory.skill_group_delete, description="Deletes a skill group that nobody needs any more."
    )
    routing_rule_save: directory.RoutingRuleSavePayload = strawberry.mutation(
        resolver=directory.routing_rule_save, description="Maps a routingRuleFlag to a skill group."
    )
    routing_rule_delete: directory.RoutingRuleDeletePayload = strawberry.mutation(
        resolver=directory.routing_rule_delete, description="Forgets a routingRuleFlag."
    )
    business_source_save: directory.BusinessSourceSavePayload = strawberry.mutation(
        resolver=directory.business_source_save,
        description="Says what goes first, binding or routing, for a businessFlag or a channel.",
    )
    tenant_settings_update: settings.TenantSettingsUpdatePayload = strawberry.mutation(
        resolver=settings.tenant_settings_update, description="Changes the tenant's choices."
    )
    iframe_save: iframe.IframeSavePayload = strawberry.mutation(
        resolver=iframe.iframe_save, description="Makes or changes a CRM window."
    )
    iframe_delete: iframe.IframeDeletePayload = strawberry.mutation(
        resolver=iframe.iframe_delete, description="Deletes a CRM window; the next one moves up."
    )
    webhook_save: webhook.WebhookSavePayload = strawberry.mutation(
        resolver=webhook.webhook_save, description="Makes or changes a webhook."
    )
    webhook_delete: webhook.WebhookDeletePayload = strawberry.mutation(
        resolver=webhook.webhook_delete, description="Deletes a webhook; what it was not told yet it is never told."
    )
    webhook_delivery_replay: webhook.WebhookDeliveryReplayPayload = strawberry.mutation(
        resolver=webhook.webhook_delivery_replay,
        description="Sends dead letters again, under their ids, by the same schedule.",
    )
    agent_token_issue: token.AgentTokenIssuePayload = strawberry.mutation(
        resolver=token.agent_token_issue, description="A bearer token for an agent's client."
    )
    visitor_token_issue: token.VisitorTokenIssuePayload = strawberry.mutation(
        resolver=token.visitor_token_issue, description="A bearer token for a visitor's client."
    )


@define.type(description="Everything that can be followed: at least once, in order per session, without a gap.")
class Subscription:
    session_events: AsyncGenerator[SessionEventPayload, None] = strawberry.subscription(
        resolver=follow_session_events,
        description="Every event of the sessions asked for: at least once, in order per session, no gap. "
        "A cursor that is too old is refused with CURSOR_EXPIRED, never silently skipped.",
    )
    queue_changed: AsyncGenerator[QueueChangedPayload, None] = strawberry.subscription(
        resolver=follow_queue_changes,
        description="A queue whose waiting line or whose agents' readiness changed: at least once, no gap. "
        "A cursor that is too old is refused with CURSOR_EXPIRED, never silently skipped.",
    )

    agent_changed: AsyncGenerator[AgentChangedPayload, None] = strawberry.subscription(
        resolver=follow_agent_changes,
        description="An agent whose status, load or profile changed: at least once, no gap. "
        "A cursor that is too old is refused with CURSOR_EXPIRED, never silently skipped.",
    )


class OneOperation(SchemaExtension):
    """Of several operations in one document one must be named; and a plain request carries no subscription.

    A query reads nothing twice; what a mutation tells, and each event, is read anew.
    """

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        named = context._provided_operation_name  # noqa: SLF001  the public property falls back to the first
        if document := context.graphql_document:
            operation = get_operation_ast(document, named)
            if operation and operation.operation is OperationType.QUERY:
                context.context.desk = context.context.desk.for_one_query()
            if operation and operation.operation is OperationType.SUBSCRIPTION and context.context.is_over_http:
                told = "A subscription needs a WebSocket. Connect with the subprotocol graphql-transport-ws."
                context.pre_execution_errors = [GraphQLError(told, original_error=SubscriptionOverHttp(told))]
            if named is None and operation is None:
                told = "The document holds several operations. Name one with operationName."
                context.pre_execution_errors = [GraphQLError(told, original_error=BadUserInput(told))]
        yield


class KefuSchema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        context = execution_context.context if execution_context else None
        code_errors(errors, context.request_id if isinstance(context, Context) else "unknown")


def build_schema(*, with_introspection: bool = True) -> KefuSchema:
    return KefuSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[
            Session,
            Message,
            SessionEvent,
            Agent,
            Visitor,
            Binding,
            SkillGroup,
            Queue,
            Iframe,
            Webhook,
            WebhookDelivery,
        ],
        config=config(),
        extensions=[
            lambda: QueryDepthLimiter(max_depth=DEPTH_MAX),
            lambda: MaxTokensLimiter(max_token_count=TOKENS_MAX),
            OneOperation,
            lambda: MaxAliasesLimiter(max_alias_count=ALIASES_MAX),
            *([] if with_introspection else [DisableIntrospection]),
        ],
    )
