"""One day at the demo shop, played against a running server through its public API."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from kefu.demo.client import DemoClient, describe
from kefu.demo.tenant import AFTER_SALES, PRESALES

_SESSION = """
  id state isVip queuePosition lastMessage { sender text } agent { userName nickname } directedTo { nickname } skillGroup { id name }
  decision { outcome trigger steps { rule outcome reason detail } candidates { nodes { agent { userName nickname } rank refusal } } }
"""
_INGEST = (
    "mutation($input: MessageIngestInput!) { messageIngest(input: $input) {"
    f" session {{ {_SESSION} }} userErrors {{ code message }} }} }}"
)
_READ = f"query($id: ID!) {{ session(id: $id) {{ {_SESSION} }} }}"
_CLOSE = (
    "mutation($id: ID!) { sessionClose(input: {sessionId: $id}) {"
    " assigned { id visitor { userName } agent { nickname } } userErrors { code message } } }"
)
_STATUS = (
    "mutation($name: String!, $status: AgentStatus!) { agentStatusSet(input: {userName: $name, status: $status}) {"
    " assigned { id visitor { userName } } userErrors { code message } } }"
)
_ROOM = (
    "mutation($name: String!, $max: Int!) { agentSave(input: {userName: $name, maxSessions: $max}) {"
    " userErrors { code message } } }"
)
_BIND = (
    "mutation($flag: String!, $visitor: String!, $agent: String!) { bindingCreate(input: {"
    "businessFlag: $flag, visitorUserName: $visitor, agentUserName: $agent}) { userErrors { code message } } }"
)
_TRANSFER = (
    "mutation($id: ID!, $group: ID!) { sessionTransfer(input: {sessionId: $id, toSkillGroupId: $group}) {"
    f" session {{ {_SESSION} }} userErrors {{ code message }} }} }}"
)
_SEND = (
    "mutation($id: ID!, $text: String!) { messageSend(input: {sessionId: $id, text: $text}) {"
    " userErrors { code message } } }"
)
_TELLS_PLACE = (
    "mutation($is: Boolean!) { tenantSettingsUpdate(input: {isQueuePlaceAnnounced: $is}) {"
    " userErrors { code message } } }"
)
_CHAIN = (
    "mutation($id: ID!, $name: String!, $to: [ID!]!) { skillGroupSave(input: {id: $id, name: $name, overflowGroupIds: $to}) {"
    " userErrors { code message } } }"
)
_RULE = (
    "mutation($name: String!) { bindingRuleSave(input: {name: $name, event: EFFECTIVE_RECEPTION, agentMessagesMin: 1,"
    ' expiresAfter: "P30D"}) { userErrors { code message } } }'
)
_RULE_DELETE = "mutation($name: String!) { bindingRuleDelete(input: {name: $name}) { userErrors { code message } } }"
_GROUPS = "{ skillGroups(first: 100) { nodes { id name } } }"
_EVENTS = "query($id: ID!) { session(id: $id) { events(first: 100) { nodes { seq kind } } } }"

_TALK = (
    "mutation($who: String!, $text: String!) { messageIngest(input: {visitorUserName: $who, channel: WEB, text: $text}) {"
    f" session {{ {_SESSION} }} userErrors {{ code message }} }} }}"
)
_RATE = (
    "mutation($id: ID!, $score: Int!) { ratingSubmit(input: {sessionId: $id, score: $score}) {"
    " session { rating } userErrors { code message } } }"
)
_RATINGS = (
    "query($since: DateTime!, $until: DateTime!) { ratingReport(input: {since: $since, until: $until}) {"
    " rows { agent { nickname } count average } } }"
)
_REPORT = (
    "query($from: DateTime!, $to: DateTime!) { serviceReport(input: {from: $from, to: $to, groupBy: GROUP}) { rows {"
    " skillGroup { name } offered answered abandoned passedOn serviceLevelOfOffered overflowedIn transferredIn } } }"
)

ALICE, BOB, CAROL, DAVE = (f"{name}@demo.example" for name in ("alice", "bob", "carol", "dave"))


@dataclass(slots=True)
class DemoDay:
    """Plays; everything worth seeing goes line by line to `say`."""

    client: DemoClient
    say: Callable[[str], None]
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:6])
    """Part of every visitor's name, so that the day can be played again on the same server."""

    begun: datetime = field(default_factory=lambda: datetime.now(UTC))

    def play(self) -> None:
        rules = (self._bound, self._vips, self._overflow, self._chain, self._transfer, self._rule)
        served = (self._prepare, *rules, self._bot)
        for scene in (*served, self._report, self._tidy):
            scene()

    def _prepare(self) -> None:
        self.say("09:00  The shop opens: everybody online, room for one session each.")
        for name in (ALICE, BOB, CAROL, DAVE):
            self.client.ask(_ROOM, name=name, max=1)
            self.client.ask(_STATUS, name=name, status="ONLINE")
        self.client.ask(_TELLS_PLACE, **{"is": True})

    def _bound(self) -> None:
        self.say("\n10:00  A lead comes back. The CRM bound him to Alice.")
        self.client.ask(_BIND, flag=f"lead-{self.run}", visitor=self._named("lead"), agent=ALICE)
        first = self._write("lead", businessFlag=f"lead-{self.run}", queueName=PRESALES)
        self.client.ask(_SEND, id=first["id"], text="您好,欢迎回来!")
        self.say("       Alice is full now. Another of her customers writes: he waits for her, though Bob is free.")
        self.client.ask(_BIND, flag=f"lead-{self.run}", visitor=self._named("regular"), agent=ALICE)
        second = self._write("regular", businessFlag=f"lead-{self.run}", queueName=PRESALES)
        self._close(first, "lead")
        self._show("regular", self._read(second))
        self._close(second, "regular")

    def _vips(self) -> None:
        self.say(f"\n11:00  Rush in {PRESALES}: all its agents are busy, then two VIPs write.")
        busy = [self._write(f"shopper{n}", queueName=PRESALES) for n in range(1, 4)]
        plain = self._write("waiting", queueName=PRESALES)
        vips = [self._write(f"vip{n}", queueName=PRESALES, tags=["gold"]) for n in (1, 2)]
        for session, who in zip(busy, ("shopper1", "shopper2", "shopper3"), strict=True):
            self._close(session, who)
        for session, who in zip((*vips, plain), ("vip1", "vip2", "waiting"), strict=True):
            self._show(who, self._read(session))
            self._close(session, who)

    def _overflow(self) -> None:
        self.say(
            f"\n14:00  A bound visitor waits for Carol, who is busy; then she goes offline. {AFTER_SALES} takes over."
        )
        self.client.ask(_BIND, flag=f"order-{self.run}", visitor=self._named("buyer"), agent=CAROL)
        self.client.ask(_STATUS, name=CAROL, status="BUSY")
        session = self._write("buyer", businessFlag=f"order-{self.run}", queueName=AFTER_SALES)
        self.client.ask(_STATUS, name=CAROL, status="OFFLINE")
        self._show("buyer", self._read(session))
        self._close(session, "buyer")
        self.client.ask(_STATUS, name=CAROL, status="ONLINE")

    def _chain(self) -> None:
        self.say(f"\n15:00  Everybody of {AFTER_SALES} is at lunch; its chain leads to {PRESALES}.")
        groups = self._groups()
        self.client.ask(_CHAIN, id=groups[AFTER_SALES], name=AFTER_SALES, to=[groups[PRESALES]])
        for name in (CAROL, DAVE):
            self.client.ask(_STATUS, name=name, status="AWAY")
        self._close(self._write("hungry", queueName=AFTER_SALES), "hungry")
        for name in (CAROL, DAVE):
            self.client.ask(_STATUS, name=name, status="ONLINE")
        self.client.ask(_CHAIN, id=groups[AFTER_SALES], name=AFTER_SALES, to=[])

    def _rule(self) -> None:
        self.say(
            "\n16:30  A rule binds whoever was answered. He comes back, and needs no group's name to find his agent."
        )
        rule, flag = f"answered {self.run}", f"again-{self.run}"
        self.client.ask(_RULE, name=rule)
        first = self._write("returner", businessFlag=flag, queueName=AFTER_SALES)
        self.client.ask(_SEND, id=first["id"], text="已为您处理。")
        self._close(first, "returner")
        self._close(self._write("returner", businessFlag=flag), "returner")
        self.client.ask(_RULE_DELETE, name=rule)

    def _transfer(self) -> None:
        self.say(f"\n16:00  Somebody asks {PRESALES} about a delivery: he is transferred to {AFTER_SALES}.")
        session = self._write("mover", queueName=PRESALES)
        moved = self.client.ask(_TRANSFER, id=session["id"], group=self._groups()[AFTER_SALES])["sessionTransfer"][
            "session"
        ]
        self._show("mover", moved)
        self._close(moved, "mover")
        events = self.client.ask(_EVENTS, id=session["id"])["session"]["events"]["nodes"]
        self.say("       Its whole log: " + ", ".join(f"{event['seq']} {event['kind']}" for event in events))

    def _bot(self) -> None:
        self.say("\n17:00  On the web a bot receives. It answers what it knows; then the visitor wants a human.")
        for text in ("请问怎么退货?", "人工客服"):
            talked = self.client.ask(_TALK, who=self._named("surfer"), text=text)["messageIngest"]["session"]
            said = talked["lastMessage"]
            self.say(f"       surfer    : {text}")
            if said["sender"] == "BOT":
                self.say(f"       bot       : {said['text']}")
        self._show("surfer", talked)
        self._close(talked, "surfer")
        rated = self.client.ask(_RATE, id=talked["id"], score=5)["ratingSubmit"]["session"]["rating"]
        self.say(f"       surfer rates the service: {'★' * rated}")
        now = datetime.now(UTC)
        span = {"since": (now - timedelta(days=1)).isoformat(), "until": (now + timedelta(days=1)).isoformat()}
        for row in self.client.ask(_RATINGS, **span)["ratingReport"]["rows"]:
            self.say(f"       {row['agent']['nickname']}: {row['average']:.1f} of 5, rated {row['count']} times")

    def _report(self) -> None:
        self.say("\n17:30  How it went, from the sessions' logs alone:")
        span = {"from": self.begun.isoformat(), "to": (datetime.now(UTC) + timedelta(minutes=1)).isoformat()}
        for row in self.client.ask(_REPORT, **span)["serviceReport"]["rows"]:
            level = 100 * (row["serviceLevelOfOffered"] or 0)
            self.say(
                f"       {row['skillGroup']['name']}: {row['offered']} offered, {row['answered']} answered, "
                f"{row['abandoned']} abandoned, {row['passedOn']} passed on; {level:.0f} % answered within 20 s; "
                f"{row['overflowedIn']} overflowed here, {row['transferredIn']} transferred here"
            )

    def _tidy(self) -> None:
        for name in (ALICE, BOB, CAROL, DAVE):
            self.client.ask(_ROOM, name=name, max=5)
        self.client.ask(_TELLS_PLACE, **{"is": False})
        self.say("\n18:00  The shop closes. Every line above came from the public API; try it yourself at /graphql.")

    def _write(self, who: str, tags: list[str] | None = None, **keys: str) -> dict[str, Any]:
        visitor = {"visitor": {"tags": tags}} if tags else {}
        message = {
            "visitorUserName": self._named(who),
            "text": f"你好,我是 {who}",
            "ext": {"weichat": {**keys, **visitor}},
        }
        session: dict[str, Any] = self.client.ask(_INGEST, input=message)["messageIngest"]["session"]
        self._show(who, session)
        return session

    def _read(self, session: dict[str, Any]) -> dict[str, Any]:
        read: dict[str, Any] = self.client.ask(_READ, id=session["id"])["session"]
        return read

    def _groups(self) -> dict[str, str]:
        return {each["name"]: each["id"] for each in self.client.ask(_GROUPS)["skillGroups"]["nodes"]}

    def _close(self, session: dict[str, Any], who: str) -> None:
        closed = self.client.ask(_CLOSE, id=session["id"])["sessionClose"]
        freed = ", ".join(each["visitor"]["userName"].rpartition("-")[0] for each in closed["assigned"])
        self.say(f"       {who}'s session is closed" + (f"; the freed room goes to {freed}." if freed else "."))

    def _show(self, who: str, session: dict[str, Any]) -> None:
        self.say(f"       {who:9} → {_place(session)}")
        for line in describe(session["decision"]):
            self.say(f"                     {line}")
        if session["state"] == "WAITING" and session["lastMessage"]["sender"] == "SYSTEM":
            self.say(f"                     told: {session['lastMessage']['text']}")

    def _named(self, who: str) -> str:
        return f"{who}-{self.run}"


def _place(session: dict[str, Any]) -> str:
    vip = "VIP, " if session["isVip"] else ""
    if session["state"] == "ACTIVE":
        return f"{vip}with {session['agent']['nickname']}"
    if session["directedTo"]:
        return f"{vip}waits for {session['directedTo']['nickname']}, place {session['queuePosition']}"
    return f"{vip}waits in {session['skillGroup']['name']}, place {session['queuePosition']}"
