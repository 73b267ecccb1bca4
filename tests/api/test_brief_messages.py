"""Every message that the brief prints, fed as it is printed: accepted, kept as it came, and doing what it says."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.company import AWAY, BUSY, HIDDEN, OFFLINE, SESSION, Company, place_of, weichat
from kefu.desk.call import Role
from kefu.domain.agent import AgentStatus
from kefu.domain.channel import Channel

BRIEF = Path(__file__).parent.parent / "brief"
MESSAGES = sorted(path.stem for path in BRIEF.glob("*.json"))
DESIGNATED = "xxx@xxx.com"
KEPT = f"message {{ type text payload ext }} session {{ {SESSION} }}"


def printed(name: str) -> dict[str, Any]:
    """A message as the brief prints it; some are printed without their `msg`."""
    message: dict[str, Any] = json.loads((BRIEF / f"{name}.json").read_text(encoding="utf-8"))
    return {"msg": {"type": "txt", "msg": "你好"}} | message


def as_input(message: dict[str, Any]) -> dict[str, Any]:
    """What a door makes of the envelope: `txt` is text, `cmd` a command."""
    if message["msg"]["type"] == "cmd":
        return {"type": "COMMAND", "payload": {"action": message["msg"]["action"]}, "ext": message["ext"]}
    return {"type": "TEXT", "text": message["msg"]["msg"], "ext": message["ext"]}


async def feed(company: Company, name: str, visitor: str = "V", **given: Any) -> dict[str, Any]:
    return await company.partner.do("messageIngest", KEPT, visitorUserName=visitor, **as_input(printed(name)) | given)


async def post(company: Company, message: dict[str, Any], visitor: str = "V") -> str:
    """The status that the visitor's own client is answered."""
    token = company.server.token(company.tenant, Role.VISITOR, visitor)
    path = f"/api/platform/tenants/{company.tenant}/messages"
    answer = await company.partner.http.post(path, json=message, headers={"Kefu-Token": token})
    return str(answer.json()["status"])


async def first_message(company: Company, visitor: str = "V") -> dict[str, Any]:
    """The only one so far."""
    messages = "messages(first: 1) { nodes { type payload ext } }"
    query = f"query($visitor: String!) {{ visitor(userName: $visitor) {{ openSession {{ {messages} }} }} }}"
    found = await company.partner.ask(query, visitor=visitor)
    [message] = found["visitor"]["openSession"]["messages"]["nodes"]
    kept: dict[str, Any] = message
    return kept


async def place_after(company: Company, name: str) -> str:
    return place_of((await feed(company, name))["session"])


@pytest.fixture
async def desk(company: Company) -> Company:
    """Presales with one agent, the agent whom the brief designates in another group, and one in no group."""
    await company.group("售前")
    await company.group("售后")
    await company.agent("presales", "售前")
    await company.agent(DESIGNATED, "售后")
    await company.agent("anybody")
    return company


def test_the_brief_prints_eighteen_messages() -> None:
    assert len(MESSAGES) == 18


@pytest.mark.parametrize("name", MESSAGES)
async def test_a_printed_message_is_accepted_and_its_ext_kept_as_it_came(desk: Company, name: str) -> None:
    assert (await feed(desk, name))["message"]["ext"] == printed(name)["ext"]


@pytest.mark.parametrize("name", [each for each in MESSAGES if each != "rating-answer"])
async def test_a_printed_message_may_be_posted_as_it_is_printed(desk: Company, name: str) -> None:
    assert await post(desk, printed(name)) == "OK"
    assert (await first_message(desk))["ext"] == printed(name)["ext"]


async def test_a_printed_answer_to_a_rating_opens_no_session(desk: Company) -> None:
    assert await post(desk, printed("rating-answer")) == "FAIL"


@pytest.mark.parametrize(("name", "kind"), [("product-track", "track"), ("order", "order")])
async def test_x12_x13_a_posted_track_or_order_is_a_card(desk: Company, name: str, kind: str) -> None:
    await post(desk, printed(name))
    message = await first_message(desk)
    assert (message["type"], message["payload"]) == ("CARD", {kind: printed(name)["ext"]["msgtype"][kind]})


@pytest.mark.parametrize(("name", "action"), [("transfer-notice", "transfer"), ("transfer-to-human", "TransferToKf")])
async def test_a_cmd_keeps_its_action(desk: Company, name: str, action: str) -> None:
    message = (await feed(desk, name))["message"]
    assert (message["type"], message["payload"]) == ("COMMAND", {"action": action})


async def test_a_blank_text_is_shown_as_none(desk: Company) -> None:
    assert (await feed(desk, "order"))["message"]["text"] is None


async def test_agent_username_designates_that_agent(desk: Company) -> None:
    assert await place_after(desk, "designated-agent") == f"with {DESIGNATED}"


async def test_agent_username_beats_queue_name(desk: Company) -> None:
    both = weichat(agentUsername=DESIGNATED, queueName="售前")
    assert place_of((await feed(desk, "designated-agent", ext=both))["session"]) == f"with {DESIGNATED}"


async def test_queue_name_leads_to_the_group_of_exactly_that_name(desk: Company) -> None:
    assert await place_after(desk, "skill-group-by-name") == "with presales"


async def test_a_queue_name_that_differs_by_a_space_leads_to_agents_without_a_group(desk: Company) -> None:
    padded = weichat(queueName="售前 ")
    assert place_of((await feed(desk, "skill-group-by-name", ext=padded))["session"]) == "with anybody"


async def test_tags_make_a_vip(desk: Company) -> None:
    assert (await feed(desk, "vip-tags"))["session"]["isVip"] is True


async def test_a_vip_goes_before_who_came_earlier(desk: Company) -> None:
    await desk.write("busy")
    await desk.write("earlier")
    assert (await feed(desk, "vip-tags"))["session"]["queuePosition"] == 1


async def test_among_vips_who_came_first_goes_first(desk: Company) -> None:
    await desk.write("busy")
    await feed(desk, "vip-tags", visitor="first")
    assert (await feed(desk, "vip-tags", visitor="second"))["session"]["queuePosition"] == 2


async def test_business_flag_with_spaces_in_its_key_leads_to_the_bound_agent(desk: Company) -> None:
    await desk.bind("业务调度标识", "V", DESIGNATED)
    assert await place_after(desk, "business-flag") == f"with {DESIGNATED}"


@pytest.mark.parametrize("status", [BUSY, AWAY, HIDDEN])
async def test_a_bound_agent_who_takes_none_now_is_waited_for(desk: Company, status: AgentStatus) -> None:
    await desk.bind("业务调度标识", "V", DESIGNATED)
    await desk.turn(DESIGNATED, status)
    assert await place_after(desk, "business-flag") == f"waits for {DESIGNATED}"


async def test_a_bound_agent_who_is_full_is_waited_for(desk: Company) -> None:
    await desk.bind("业务调度标识", "V", DESIGNATED)
    await desk.write("busy", agentUsername=DESIGNATED)
    assert await place_after(desk, "business-flag") == f"waits for {DESIGNATED}"


async def test_a_bound_agent_who_is_offline_overflows_to_the_group(desk: Company) -> None:
    await desk.bind("业务调度标识", "V", DESIGNATED)
    await desk.turn(DESIGNATED, OFFLINE)
    assert await place_after(desk, "business-flag") == "with anybody"


async def test_a_bound_agent_who_goes_offline_later_overflows_to_the_group(desk: Company) -> None:
    await desk.bind("业务调度标识", "V", DESIGNATED)
    await desk.turn(DESIGNATED, BUSY)
    waiting = (await feed(desk, "business-flag"))["session"]
    await desk.turn(DESIGNATED, OFFLINE)
    assert place_of(await desk.session(waiting["id"])) == "with anybody"


async def test_routing_rule_flag_leads_to_the_mapped_group(desk: Company) -> None:
    await desk.rule("业务路由标识", "售前")
    assert await place_after(desk, "routing-rule-flag") == "with presales"


async def test_the_visitors_profile_lands_on_his_card(desk: Company) -> None:
    await feed(desk, "visitor-profile")
    card = "nickname trueName phone qq email companyName description"
    found = await desk.partner.ask(f'{{ visitor(userName: "V") {{ profile {{ {card} }} }} }}')
    assert found["visitor"]["profile"] == {
        "nickname": "小明",
        "trueName": "李明",
        "phone": None,
        "qq": "13512345678",
        "email": "abc@123.com",
        "companyName": "环信",
        "description": "",
    }


async def test_transfer_to_kf_takes_the_session_out_of_the_bots_hands(desk: Company) -> None:
    await desk.bot(Channel.WEB)
    await feed(desk, "order", channel="WEB")
    assert place_of((await feed(desk, "transfer-to-human", channel="WEB"))["session"]) == "with anybody"


async def test_json_with_the_documents_comments_is_refused_with_a_code(desk: Company) -> None:
    commented = (BRIEF / "product-track-as-printed.txt").read_bytes()
    answer = await desk.partner.send(b'{"query": "{ viewer { role } }", "variables": ' + commented + b"}")
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


async def test_json_with_the_documents_comments_is_told_apart_as_invalid_json(desk: Company) -> None:
    answer = await desk.partner.send((BRIEF / "product-track-as-printed.txt").read_bytes())
    assert "not valid JSON" in answer.message
