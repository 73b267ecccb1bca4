"""The demo tenant: three groups, six agents, one routing rule, a bot on one channel, a CRM window."""

from dataclasses import dataclass, replace

from kefu.desk.bearer_tokens import TOKEN_LIFE_MS, sign
from kefu.desk.bot_setup import save_bot, save_faq_entry
from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.directory import GroupChange, save_group, save_rule
from kefu.desk.iframes import IframeChange, save_iframe
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.set_agent_status import set_agent_status
from kefu.desk.tenant_settings import update_settings
from kefu.desk.tenants import create_tenant
from kefu.domain.agent import AgentStatus
from kefu.domain.bot import FaqEntry, Menu, MenuEntry
from kefu.domain.channel import Channel
from kefu.domain.directory import ChannelSettings, RoutingRule
from kefu.domain.iframe import Interaction

TENANT = "20080"
CLIENT_ID = "8340a6d8-211f-4b81-9202-63ce46f27c02"
SECRET_ID = "ca906984-80f1-41b0-a272-6000df3f76c4"  # noqa: S105  the published example; only --demo knows it
PRESALES, AFTER_SALES = "售前", "售后"
AGENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "alice@demo.example": ("Alice", (PRESALES,)),
    "bob@demo.example": ("Bob", (PRESALES,)),
    "carol@demo.example": ("Carol", (AFTER_SALES,)),
    "dave@demo.example": ("Dave", (PRESALES, AFTER_SALES)),
    "erin@demo.example": ("Erin", ()),
    "frank@demo.example": ("Frank", ()),
}
VISITOR = "xiaoming"
FAQ = (
    FaqEntry(
        question="怎么退货",
        similar=("如何退款", "可以退换吗"),
        keywords=("退货", "退换"),
        answer="签收后七天内可退,运费由我们承担。",
    ),
    FaqEntry(question="什么时候发货", keywords=("发货",), answer="下单后 24 小时内发货。"),
    FaqEntry(
        question="Where is my order?", keywords=("my order",), answer="Under My orders, with its tracking number."
    ),
)
MENU = Menu(
    title="请选择",
    entries=(
        MenuEntry(id="hours", name="营业时间", answer="每天 9:00 到 18:00。"),
        MenuEntry(id="human", name="人工客服", leads_to_human=True),
    ),
)
CRM_WINDOW = IframeChange(
    name="客户信息",
    url="http://127.0.0.1:8090/",
    syncs_messages=True,
    interactions=(Interaction(interactive_flag="order", button_label="查看订单"),),
)
"""Where `docs/samples/crm-window/serve.py` serves its page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoTokens:
    partner: str
    agent: str
    visitor: str


async def open_demo_tenant(desk: Desk) -> None:
    """Makes the demo tenant in an empty store, everybody ONLINE with room for five."""
    await create_tenant(desk, TENANT, "Demo shop", client_id=CLIENT_ID, secret_id=SECRET_ID)
    call = Call(by=_caller(Role.PARTNER, CLIENT_ID))
    groups = {name: (await save_group(desk, call, GroupChange(name=name))).name for name in (PRESALES, AFTER_SALES)}
    await save_rule(desk, call, RoutingRule(routing_rule_flag="vip-line", skill_group=groups[PRESALES]))
    web = ChannelSettings(channel=Channel.WEB, has_bot=True)
    await update_settings(desk, call, lambda known: replace(known, channels=(web,)))
    await save_iframe(desk, call, CRM_WINDOW)
    await save_bot(desk, call, lambda known: replace(known, menu=MENU))
    for entry in FAQ:
        await save_faq_entry(desk, call, entry)
    for user_name, (nickname, served) in AGENTS.items():
        own = tuple(groups[name] for name in served)
        await save_agent(desk, call, AgentChange(user_name=user_name, nickname=nickname, groups=own))
        await set_agent_status(desk, call, user_name, AgentStatus.ONLINE)


def demo_tokens(desk: Desk, secret: str) -> DemoTokens:
    def token(role: Role, user_name: str) -> str:
        return sign(_caller(role, user_name), desk.clock.now() + TOKEN_LIFE_MS, secret)

    return DemoTokens(
        partner=token(Role.PARTNER, CLIENT_ID),
        agent=token(Role.AGENT, next(iter(AGENTS))),
        visitor=token(Role.VISITOR, VISITOR),
    )


def _caller(role: Role, user_name: str) -> Caller:
    return Caller(tenant=TENANT, role=role, user_name=user_name)
