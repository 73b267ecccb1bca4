"""The domain's closed sets as GraphQL enums, each value with a sentence."""

from enum import Enum
from typing import TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from kefu.desk.call import Role as CallerRole
from kefu.domain.agent import AgentRole, AgentStatus
from kefu.domain.binding import BindingAct
from kefu.domain.binding_rules import BindingRuleAct, BindingRuleEvent
from kefu.domain.bot import MenuShape
from kefu.domain.channel import Channel
from kefu.domain.decision import (
    CandidateRefusal,
    DirectedBy,
    DispatchOutcome,
    DispatchReason,
    DispatchRule,
    DispatchTrigger,
)
from kefu.domain.delivery import DeliveryState
from kefu.domain.directory import Precedence, Ranking
from kefu.domain.iframe import CipherMode, Placement
from kefu.domain.log import EventKind
from kefu.domain.message import MessageSender, MessageType
from kefu.domain.rating import RatingsBy
from kefu.domain.refusals import RefusalCode
from kefu.domain.report_grouping import ReportGrouping
from kefu.domain.session import SessionState
from kefu.domain.webhook import Dialect

E = TypeVar("E", bound=type[Enum])


def _described(enum: E, description: str, values: dict[str, str], name: str | None = None) -> None:
    described = strawberry.enum(enum, name=name, description=description)
    definition: StrawberryEnumDefinition = described.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[value.name]


def describe() -> None:
    """Gives the enums their names and sentences."""
    _described(
        CallerRole,
        "What a token may do.",
        {
            "PARTNER": "A tenant's back end: everything in its tenant.",
            "SUPERVISOR": "Reads and acts on every session, changes the directory.",
            "AGENT": "Own status, own sessions, the queues of own groups.",
            "VISITOR": "Own sessions and messages only.",
        },
        name="Role",
    )
    _described(
        AgentStatus,
        "Whether an agent takes sessions.",
        {
            "ONLINE": "Takes sessions while there is room.",
            "BUSY": "There, but takes none now; bound visitors wait.",
            "AWAY": "Away for a moment; bound visitors wait.",
            "HIDDEN": "There, shown as absent; bound visitors wait.",
            "OFFLINE": "Gone; bound visitors overflow to their skill group. A lost heartbeat counts as this.",
        },
    )
    _described(
        AgentRole,
        "What an agent's token may do.",
        {"AGENT": "Serves visitors.", "SUPERVISOR": "Serves visitors, and sees and changes everything of the tenant."},
    )
    _described(
        BindingAct,
        "What happened to a binding.",
        {"BOUND": "It was made.", "UNBOUND": "It was ended.", "EXPIRED": "Its time ran out."},
    )
    _described(
        BindingRuleEvent,
        "On what a binding rule acts.",
        {
            "FIRST_RECEPTION": "An agent got a session of a visitor whom no agent has served before.",
            "EFFECTIVE_RECEPTION": "A session that an agent had was closed with enough messages of agents.",
            "REGULAR_CUSTOMER": "A session was closed, and enough of this visitor with this agent were in a span of time.",
            "RATED": "A session was rated with enough stars.",
            "BUSINESS_EVENT": "The tenant's back end recorded an event of its own, and its attributes are as asked.",
        },
    )
    _described(
        BindingRuleAct,
        "What a binding rule does.",
        {
            "BIND": "Binds the visitor to the agent; where he is bound to that agent already, for as long as lasts longer.",
            "UNBIND": "Ends the visitor's binding under the flag, whoever he is bound to.",
        },
    )
    _described(
        Channel,
        "Where a visitor writes from.",
        {
            "APP": "A mobile app.",
            "WEB": "A web page.",
            "WECHAT": "WeChat.",
            "WEIBO": "Weibo.",
            "PHONE": "A telephone line.",
            "API": "A program.",
        },
    )
    _described(
        DispatchOutcome,
        "What was decided for a session.",
        {
            "ASSIGN": "An agent has it.",
            "WAIT_FOR_AGENT": "It waits for one agent only, in his directed line.",
            "QUEUE": "It waits in a skill group's queue.",
            "KEEP_IN_BOT": "The bot keeps it.",
            "DECLINE": "It was not taken, and closed with a reason.",
        },
    )
    _described(
        DirectedBy,
        "Why a session waits for one agent only.",
        {
            "DESIGNATED": "The visitor's app named the agent.",
            "BOUND": "The business bound the visitor to the agent.",
            "TRANSFERRED": "Somebody transferred it into the agent's line.",
        },
    )
    _described(
        DispatchTrigger,
        "The happening that made the desk decide.",
        {
            "MESSAGE": "A visitor's message opened the session.",
            "HUMAN_REQUESTED": "The visitor asked the bot for a human.",
            "MESSAGE_LEFT": "The desk opened for a message that was left.",
            "AGENT_GAINED_ROOM": "An agent came online, closed a session, or got more room.",
            "AGENT_WENT_OFFLINE": "The agent waited for, or the one who had it, went offline.",
            "AGENT_REMOVED": "The agent was deleted.",
            "BINDING_ENDED": "The binding was deleted or expired.",
            "SKILL_GROUP_REMOVED": "The skill group was deleted.",
            "TRANSFER": "Somebody handed it on.",
            "LOOK": "The look at the other side that follows every change.",
            "SWEEP": "The regular sweep.",
            "DRY_RUN": "Somebody asked what would happen.",
        },
    )
    _described(
        DispatchRule,
        "A part of the routing procedure.",
        {
            "KEYS": "Reading the routing keys.",
            "BOT": "Whether the bot receives.",
            "HOURS": "Whether the desk is open; no step where no hours are set.",
            "DESIGNATED": "The agent named by agentUsername.",
            "ROUTING_RULE": "The group mapped to routingRuleFlag.",
            "QUEUE_NAME": "The group named by queueName.",
            "CHANNEL_GROUP": "The entry channel's own group.",
            "DEFAULT_GROUP": "Agents in no group.",
            "PRECEDENCE": "Binding first or routing first.",
            "BINDING": "The agent bound to this visitor.",
            "GROUP_QUEUE": "The skill group's queue and its free agents.",
            "LINE": "Whose turn it is for an agent with room.",
            "OVERFLOW": "Leaving a line that cannot be stayed in.",
            "TRANSFER": "Being handed on.",
        },
    )
    _described(
        DispatchReason,
        "Why a step of a decision went as it did.",
        {
            "INVALID_KEY": "A routing key's value is not one non-blank string; it counts as absent.",
            "BOT_RECEIVES": "The channel has a bot and nobody asked for a human.",
            "NO_BOT": "The channel has no bot.",
            "HUMAN_ASKED_FOR": "A human was asked for.",
            "BOT_HANDED_OVER": "The bot itself wanted a human to go on.",
            "BOT_FAILED": "The bot was too slow, or gave no answer that could be used.",
            "OUTSIDE_HOURS": "The desk is closed; the detail says when it opens.",
            "WITHIN_HOURS": "The desk is open.",
            "NO_AGENT_DESIGNATED": "The message names no agent.",
            "DESIGNATED_AGENT_UNKNOWN": "No agent has that login.",
            "DESIGNATED_AGENT_FREE": "The designated agent is free and nobody is ahead.",
            "DESIGNATED_AGENT_NOT_FREE": "The designated agent is not free, or somebody is ahead.",
            "DESIGNATED_AGENT_OFFLINE": "The designated agent is offline.",
            "RULE_MATCHED": "The flag is mapped to a group.",
            "UNMATCHED_RULE_FLAG": "The flag is mapped to no group.",
            "QUEUE_NAME_MATCHED": "A group has exactly that name.",
            "UNMATCHED_QUEUE_NAME": "No group has exactly that name.",
            "CHANNEL_HAS_GROUP": "The entry channel leads to this group.",
            "NO_GROUP_NAMED": "Nothing names a group.",
            "BINDING_FIRST": "For this business source a binding goes before routing.",
            "ROUTING_FIRST": "For this business source an explicit group goes before a binding.",
            "NOT_ENTITLED": "The tenant does not use bindings.",
            "NO_BUSINESS_FLAG": "The message carries no businessFlag.",
            "NOT_BOUND": "Nobody is bound to this visitor under this flag.",
            "BINDING_EXPIRED": "The binding has expired.",
            "BOUND_AGENT_OFFLINE": "The bound agent is offline or gone.",
            "BOUND_AGENT_FREE": "The bound agent is free and nobody is ahead.",
            "BOUND_AGENT_NOT_FREE": "The bound agent is not free, or somebody is ahead.",
            "SOMEONE_WAITS": "Somebody already waits in this group.",
            "NO_FREE_AGENT": "No agent of the group is free.",
            "BEST_FREE_AGENT": "The best of the free agents by the tenant's ranking.",
            "EQUAL_UNDER_CONTENTION": "One of the equally loaded best, as a claim on the first was lost.",
            "FIRST_IN_LINE": "It was this session's turn.",
            "BINDING_ENDED": "The binding it waited by is no more.",
            "DIRECTED_AGENT_REMOVED": "The agent it waited for is no more.",
            "SKILL_GROUP_REMOVED": "The group it waited in is no more.",
            "NOBODY_ONLINE": "No agent of the group is online, and another group takes over.",
            "WAITED_TOO_LONG": "It waited as long as it is to wait in this line.",
            "QUEUE_FULL": "As many wait in this group as may.",
            "AGENT_VANISHED": "The agent who had it is gone.",
            "TRANSFERRED_TO_AGENT": "It was handed to an agent.",
            "TRANSFERRED_TO_GROUP": "It was handed to a skill group.",
        },
    )
    _described(
        CandidateRefusal,
        "Why an agent was not taken.",
        {
            "BUSY": "Is busy.",
            "AWAY": "Is away.",
            "HIDDEN": "Is hidden.",
            "OFFLINE": "Is offline, or the heartbeat was lost.",
            "FULL": "Has no room.",
            "NOT_IN_GROUP": "Is not in the skill group.",
            "LOWER_RANK": "Is free, but another is better placed, or somebody else's turn came first.",
        },
    )
    _described(
        Precedence,
        "Which goes first for a business source.",
        {"BINDING_FIRST": "The bound agent.", "ROUTING_FIRST": "The group that the message names."},
    )
    _described(
        Ranking,
        "Who of the free agents is best.",
        {
            "LEAST_LOADED": "Who has the fewest sessions; among those, who is idle longest.",
            "LONGEST_IDLE": "Who is idle longest; among those, who has the fewest sessions.",
        },
    )
    _described(
        EventKind,
        "What happened in a session.",
        {
            "SESSION_BEGIN": "It was opened.",
            "BOT_USER_MESSAGE": "The visitor wrote to the bot.",
            "BOT_MESSAGE": "The bot answered.",
            "USER_MESSAGE": "The visitor wrote.",
            "AGENT_MESSAGE": "The agent answered.",
            "HUMAN_REQUESTED": "A human was asked for.",
            "QUEUED": "It joined a line.",
            "NO_AGENT_ONLINE": "At that moment no agent of the target was online.",
            "ASSIGNED": "An agent got it.",
            "TRANSFERRED": "It was handed on.",
            "OVERFLOWED": "It left a line, or an agent who is gone, for a group.",
            "RATING_INVITED": "The visitor was asked for a rating.",
            "RATED": "The visitor rated it.",
            "USER_END": "The visitor ended it.",
            "AGENT_END": "The agent, or somebody for him, ended it.",
            "USER_TIMEOUT_END": "The visitor was silent too long.",
            "AGENT_TIMEOUT_END": "The agent was silent too long.",
            "PENDING_AUTO_END": "The visitor left while waiting.",
            "DECLINED": "It was not taken; the decision says why, and the visitor was told.",
            "SESSION_END": "It is over. Follows every end, once.",
            "TIMEOUT_WARNED": "It ends soon unless somebody writes.",
        },
        name="SessionEventKind",
    )
    _described(
        MessageSender,
        "Who wrote a message.",
        {"VISITOR": "The visitor.", "AGENT": "An agent.", "BOT": "The bot.", "SYSTEM": "The desk itself."},
    )
    _described(
        MessageType,
        "What a message holds.",
        {
            "TEXT": "Text.",
            "IMAGE": "A picture.",
            "AUDIO": "Sound.",
            "VIDEO": "A film.",
            "FILE": "A file.",
            "LOCATION": "A place.",
            "CARD": "A card: an order, a product, a menu.",
            "COMMAND": "A command between programs; never shown as chat.",
        },
    )
    _described(
        MenuShape,
        "How clients read a bot's menu.",
        {"ITEMS": "Entries with ids, which a click sends back.", "LIST": "Plain texts."},
        name="BotMenuShape",
    )
    _described(
        RatingsBy,
        "What ratings are counted by.",
        {
            "AGENT": "The agent who had the session when it was rated, or had it last.",
            "SKILL_GROUP": "The session's skill group.",
            "DAY": "The day on which they were given.",
        },
    )
    _described(
        ReportGrouping,
        "Whom the figures of a service report are charged to.",
        {
            "NONE": "The tenant. An offer lasts from a visitor's wish for a human to its answer, through whatever groups.",
            "GROUP": "The skill group it lay with. Each group that it came to was offered it, and waited with it, for itself.",
            "AGENT": "The agent who answered it, or for whom alone it waited. What nobody answered in a group's queue is no agent's.",
            "CHANNEL": "The channel that the visitor wrote from; else as NONE.",
        },
    )
    _described(
        SessionState,
        "Where a session is in its life.",
        {
            "BOT": "With the bot.",
            "WAITING": "In a line.",
            "ACTIVE": "An agent has it.",
            "CLOSED": "Over.",
        },
    )
    _described(
        Dialect,
        "How events are written and signed.",
        {
            "KEFU": "Kefu's own JSON, signed by the Standard Webhooks specification.",
            "TENCENT": "Tencent Desk's session event callback, with Sign and RequestTime.",
            "EASEMOB": "Easemob's event push, with `security`.",
        },
        name="WebhookDialect",
    )
    _described(
        DeliveryState,
        "What became of an event that a webhook did not take at once.",
        {
            "RETRYING": "It is sent again.",
            "DELIVERED": "It was taken at last.",
            "DEAD": "It was given up; it can be replayed.",
        },
        name="WebhookDeliveryState",
    )
    _described(
        Placement,
        "A page that shows a CRM window, in the online and in the call workbench.",
        {
            "AGENT_SESSION": "The agent's sessions.",
            "AGENT_HISTORY": "The agent's past sessions.",
            "ADMIN_HISTORY": "The administrator's past sessions.",
            "ADMIN_QUALITY": "The administrator's quality checks.",
        },
        name="IframePlacement",
    )
    _described(
        CipherMode,
        "How DES chains the blocks of a value; up to seven bytes it makes no difference.",
        {
            "ECB": 'Each block alone: what Java makes of "DES".',
            "CBC_ZERO_IV": "Each block upon the one before, from eight zero bytes.",
        },
        name="IframeCipherMode",
    )
    _described(
        RefusalCode,
        "Why something was declined.",
        {
            "INVALID_INPUT": "A value can never be right; the message says what is accepted.",
            "TEXT_TOO_LONG": "The text has too many characters.",
            "AGENT_NOT_FOUND": "No such agent in this tenant.",
            "AGENT_FULL": "The agent has no room.",
            "AGENT_NOT_ONLINE": "The agent is not online.",
            "AGENT_HAS_SESSIONS": "The agent still holds sessions.",
            "BINDING_EXISTS": "The visitor is bound under this flag already.",
            "BINDING_NOT_FOUND": "The visitor is not bound under this flag.",
            "BINDING_RULE_NOT_FOUND": "No binding rule has this name.",
            "SESSION_NOT_FOUND": "No such session for this token.",
            "SESSION_CLOSED": "The session is over.",
            "SESSION_NOT_ACTIVE": "No agent serves the session yet.",
            "FAQ_ENTRY_NOT_FOUND": "The bot has no answer kept under this question.",
            "RATING_EXISTS": "The session is rated already; a rating is given once.",
            "RATING_TOO_LATE": "The session ended too long ago to be rated.",
            "RATING_NOT_POSSIBLE": "No agent has served the session yet.",
            "SKILL_GROUP_NOT_FOUND": "No such skill group in this tenant.",
            "SKILL_GROUP_NAME_TAKEN": "Another group has this name.",
            "SKILL_GROUP_IN_USE": "Agents, rules, chains or visitors still need the group.",
            "OVERFLOW_CYCLE": "The overflow chain would lead back to its start.",
            "ROUTING_RULE_NOT_FOUND": "No rule maps this flag.",
            "VISITOR_NOT_FOUND": "No such visitor in this tenant.",
            "WEBHOOK_NOT_FOUND": "No such webhook in this tenant.",
            "WEBHOOK_DISABLED": "The webhook is off.",
            "WEBHOOK_DELIVERY_NOT_FOUND": "No such dead letter in this tenant.",
            "IFRAME_NOT_FOUND": "No such CRM window in this tenant.",
            "INTERACTIVE_FLAG_TAKEN": "The flag leads to another CRM window.",
            "NOT_ALLOWED": "The token's role may not do this.",
            "OUTSIDE_HOURS": "Outside working hours.",
            "TIME_ZONE_UNKNOWN": "The IANA database has no such time zone.",
            "HOURS_EMPTY": "An opening ends where it begins.",
            "HOURS_OVERLAP": "Two openings overlap.",
            "IDEMPOTENCY_MISMATCH": "The clientMutationKey stood for another call.",
            "BUSY": "Too many requests wanted the same at once; nothing was done, send it again.",
        },
        name="UserErrorCode",
    )
