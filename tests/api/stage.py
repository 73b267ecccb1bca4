"""A set stage: a company in the midst of its day, and for every mutation an input that works there."""

from dataclasses import dataclass
from typing import Any

from api.company import Company, weichat
from kefu.desk.binding_rules import save_binding_rule
from kefu.desk.bot_setup import save_faq_entry
from kefu.domain.binding_rules import BindingRule, BindingRuleEvent
from kefu.domain.bot import FaqEntry
from kefu.domain.channel import Channel

RESULTS = {
    "messageIngest": "message { id } session { id }",
    "messageLeave": "leftAt",
    "messageSend": "message { id } session { id }",
    "sessionRequestHuman": "session { id state }",
    "sessionTransfer": "session { id agent { userName } } assigned { id }",
    "sessionClose": "session { id state } assigned { id }",
    "ratingInvite": "session { id }",
    "ratingSubmit": "session { id rating }",
    "botSave": "bot { greeting }",
    "faqEntrySave": "faqEntry { question answer }",
    "faqEntryDelete": "deletedQuestion",
    "phrasesSave": "phrases",
    "agentStatusSet": "agent { status } assigned { id }",
    "agentSave": "agent { id nickname }",
    "agentDelete": "deletedUserName",
    "bindingCreate": "binding { id createdAt agent { userName } }",
    "bindingDelete": "deletedBusinessFlag deletedVisitorUserName",
    "bindingRuleSave": "bindingRule { name event starsMin expiresAfter conditions { attribute } }",
    "bindingRuleDelete": "deletedName",
    "businessEventRecord": "recordedAt appliedRules",
    "skillGroupSave": "skillGroup { id name }",
    "skillGroupDelete": "deletedSkillGroupId",
    "routingRuleSave": "routingRule { routingRuleFlag skillGroup { id } }",
    "routingRuleDelete": "deletedRoutingRuleFlag",
    "businessSourceSave": "businessSource { businessFlag precedence }",
    "tenantSettingsUpdate": "settings { ranking }",
    "iframeSave": "iframe { id name url }",
    "iframeDelete": "deletedIframeId",
    "webhookSave": "webhook { id url isEnabled } secret",
    "webhookDelete": "deletedWebhookId",
    "webhookDeliveryReplay": "deliveries { id state }",
    "agentTokenIssue": "token expiresAt",
    "visitorTokenIssue": "token expiresAt",
}
"""What each mutation gives back that a repetition must give back again. A heartbeat is the agent's own, and no two are alike."""

OTHERWISE: dict[str, dict[str, Any]] = {
    "messageIngest": {"text": "something else"},
    "messageLeave": {"text": "something else"},
    "messageSend": {"text": "something else"},
    "sessionRequestHuman": {"ext": weichat(queueName="G1")},
    "sessionTransfer": {"force": True},
    "ratingSubmit": {"score": 1},
    "botSave": {"greeting": "another"},
    "faqEntrySave": {"answer": "another"},
    "faqEntryDelete": {"question": "另一个问题"},
    "phrasesSave": {"phrases": ["怎么退货"]},
    "agentStatusSet": {"status": "AWAY"},
    "agentSave": {"nickname": "Another"},
    "agentDelete": {"userName": "idle2"},
    "bindingCreate": {"businessFlag": "F3"},
    "bindingDelete": {"visitorUserName": "W"},
    "bindingRuleSave": {"starsMin": 4},
    "bindingRuleDelete": {"name": "another"},
    "businessEventRecord": {"attributes": {"paid": 1}},
    "skillGroupSave": {"name": "another"},
    "routingRuleSave": {"routingRuleFlag": "R3"},
    "routingRuleDelete": {"routingRuleFlag": "R2"},
    "businessSourceSave": {"precedence": "BINDING_FIRST"},
    "tenantSettingsUpdate": {"ranking": "LEAST_LOADED"},
    "iframeSave": {"url": "https://crm.example/another"},
    "webhookSave": {"url": "https://hooks.example/another"},
    "agentTokenIssue": {"userName": "b"},
    "visitorTokenIssue": {"visitorUserName": "W"},
}
"""What to change in an input to make it another; those that are not here know only an id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Agents a and b in G1, idle and idle2 in no group. V's session is with a, W's with b, X waits for a."""

    company: Company
    own: str
    others: str
    waiting: str
    in_bot: str
    """V's session on WEB, which a bot keeps."""
    iframe: str
    other_iframe: str
    """CRM windows."""
    hook: str
    other_hook: str
    """Webhooks of events that do not happen here."""
    letters: tuple[str, str]
    """Dead letters to the first."""

    def given(self, mutation: str) -> dict[str, Any]:
        """An input that the partner may send, that works, and that changes something."""
        groups = self.company.groups
        inputs: dict[str, dict[str, Any]] = {
            "agentHeartbeat": {},
            "messageIngest": {"visitorUserName": "V", "text": "你好"},
            "messageLeave": {"visitorUserName": "V", "phone": "13800000000", "text": "请回电"},
            "messageSend": {"sessionId": self.own, "text": "您好"},
            "sessionRequestHuman": {"sessionId": self.in_bot},
            "sessionTransfer": {"sessionId": self.own, "toAgent": "b"},
            "sessionClose": {"sessionId": self.own},
            "ratingInvite": {"sessionId": self.own},
            "ratingSubmit": {"sessionId": self.own, "score": 5, "comment": "谢谢"},
            "botSave": {"greeting": "您好"},
            "faqEntrySave": {"question": "怎么付款", "answer": "微信或支付宝"},
            "faqEntryDelete": {"question": "怎么退货"},
            "phrasesSave": {"phrases": ["怎么付款", "怎么退货"]},
            "agentStatusSet": {"userName": "a", "status": "BUSY"},
            "agentSave": {"userName": "a", "nickname": "Alice", "skillGroupIds": [groups["G1"], groups["G2"]]},
            "agentDelete": {"userName": "idle", "force": True},
            "bindingCreate": {"businessFlag": "F2", "visitorUserName": "V", "agentUserName": "a"},
            "bindingDelete": {"businessFlag": "F", "visitorUserName": "V"},
            "bindingRuleSave": {"name": "rated", "event": "RATED", "expiresAfter": "P30D"},
            "bindingRuleDelete": {"name": "ordered"},
            "businessEventRecord": {"name": "order", "visitorUserName": "V", "businessFlag": "F3"},
            "skillGroupSave": {"name": "new", "overflowGroupIds": [groups["G2"]]},
            "skillGroupDelete": {"id": groups["spare"]},
            "routingRuleSave": {"routingRuleFlag": "R2", "skillGroupId": groups["G1"]},
            "routingRuleDelete": {"routingRuleFlag": "R"},
            "businessSourceSave": {"businessFlag": "F", "precedence": "ROUTING_FIRST"},
            "tenantSettingsUpdate": {
                "ranking": "LONGEST_IDLE",
                "channels": [{"channel": "WEB", "hasBot": True, "skillGroupId": groups["G1"]}],
            },
            "iframeSave": {"name": "CRM", "url": "https://crm.example/"},
            "iframeDelete": {"id": self.other_iframe},
            "webhookSave": {"url": "https://hooks.example/new"},
            "webhookDelete": {"id": self.other_hook},
            "webhookDeliveryReplay": {"deliveryIds": [self.letters[0]]},
            "agentTokenIssue": {"userName": "a"},
            "visitorTokenIssue": {"visitorUserName": "V"},
        }
        return inputs[mutation]

    def otherwise(self, mutation: str) -> dict[str, Any]:
        """Another input for the same mutation."""
        others = {"sessionId": self.others}
        ids: dict[str, dict[str, Any]] = {
            "sessionClose": others,
            "ratingInvite": others,
            "skillGroupDelete": {"id": self.company.groups["G2"]},
            "iframeDelete": {"id": self.iframe},
            "webhookDelete": {"id": self.hook},
            "webhookDeliveryReplay": {"deliveryIds": [self.letters[1]]},
        }
        return self.given(mutation) | (ids.get(mutation) or OTHERWISE[mutation])

    async def node_ids(self) -> dict[str, str]:
        """One id of each kind of node that is there, as the API gives it."""
        found = await self.company.partner.ask(_NODES, session=self.own, groups=[self.company.groups["G1"]])
        session, [queue] = found["session"], found["queues"]
        [webhook], [delivery] = found["webhooks"]["nodes"], found["webhookDeliveries"]["nodes"]
        [message], [event] = session["messages"]["nodes"], session["events"]["nodes"]
        each = [
            session,
            message,
            event,
            session["agent"],
            session["visitor"],
            found["binding"],
            queue,
            queue["skillGroup"],
            found["iframes"][0],
            webhook,
            delivery,
        ]
        return {node["__typename"]: node["id"] for node in each}


_NODE = "__typename id"
_NODES = f"""query($session: ID!, $groups: [ID!]) {{
  session(id: $session) {{
    {_NODE} agent {{ {_NODE} }} visitor {{ {_NODE} }}
    messages(first: 1) {{ nodes {{ {_NODE} }} }} events(first: 1) {{ nodes {{ {_NODE} }} }}
  }}
  binding(businessFlag: "F", visitorUserName: "V") {{ {_NODE} }}
  queues(skillGroupIds: $groups) {{ {_NODE} skillGroup {{ {_NODE} }} }}
  iframes {{ {_NODE} }}
  webhooks(first: 1) {{ nodes {{ {_NODE} }} }} webhookDeliveries(first: 1) {{ nodes {{ {_NODE} }} }}
}}"""


async def set_stage(company: Company) -> Stage:
    for group in ("G1", "G2", "spare"):
        await company.group(group)
    await company.agent("a", "G1")
    await company.agent("b", "G1", max_sessions=2)
    await company.agent("idle")
    await company.agent("idle2")
    await company.rule("R", "G1")
    await company.bot(Channel.WEB)
    await company.at_desk(save_faq_entry, FaqEntry(question="怎么退货", answer=f"问 {company.tenant}"))
    await company.bind("F", "V", "a")
    ordered = BindingRule(name="ordered", event=BindingRuleEvent.BUSINESS_EVENT, event_name="order")
    await company.at_desk(save_binding_rule, ordered.name, lambda _: ordered)
    secret = f"a secret of {company.tenant}"
    hook, other_hook = [await company.webhook() for _ in range(2)]
    iframe, other_iframe = [await company.iframe(f"{secret} {number}") for number in range(2)]
    own = await company.receive("V", secret, agentUsername="a")
    return Stage(
        company=company,
        own=own,
        others=await company.receive("W", secret, agentUsername="b"),
        waiting=await company.receive("X", secret, agentUsername="a"),
        in_bot=await company.receive("V", secret, channel=Channel.WEB),
        iframe=iframe,
        other_iframe=other_iframe,
        hook=hook,
        other_hook=other_hook,
        letters=(await company.dead_letter(hook, own, 1), await company.dead_letter(hook, own, 2)),
    )
