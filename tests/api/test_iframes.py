"""CRM windows over GraphQL; rows C1 to C4, C9 to C14, E21 to E23, vector I8."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from api.company import Company, weichat
from api.stage import Stage
from kefu.desk.legacy_des import decrypt

URL = "https://crm.example/"
ABOUT = """iframe { id name url placements hasKey cipherMode isEncryptingSystemParameters isEncryptingCustomParameters
  isSyncingMessages language easemobId serviceNumber interactions { interactiveFlag buttonLabel } } warning"""
WINDOWS = """query($id: ID!, $language: String, $call: PhoneCallInput) {
  session(id: $id) { iframes(language: $language, call: $call) { iframeId name url origin placements } } }"""
MESSAGES = """query($id: ID!) { session(id: $id) { unreadCount lastMessage { text } messages {
  nodes { type text isInteractive reloadsIframes iframePosts { iframeId targetOrigin buttonLabel data } } } } }"""
ORDER = {"msgtype": {"order": {"title": "订单", "item_url": "https://shop.example/1"}}}


def marker(**params: object) -> dict[str, Any]:
    return {"ext": {"cmd": {"updateVisitorInfoSrc": {"params": params}}}}


def interactive(flag: object, **ext: object) -> dict[str, Any]:
    return {"ext": {**weichat(interactiveFlag=flag), **ext}}


async def save(company: Company, **given: Any) -> dict[str, Any]:
    saved = await company.partner.do("iframeSave", ABOUT, **given)
    return {**saved["iframe"], "warning": saved["warning"]}


async def refusal(company: Company, **given: Any) -> tuple[str, list[str]]:
    before = await company.position()
    error = await company.partner.refused("iframeSave", **given)
    assert await company.position() == before
    return error["code"], error["field"]


async def written(company: Company, visitor: str = "V", **given: Any) -> str:
    """Id of the session that the message came to."""
    done = await company.partner.do("messageIngest", "session { id }", visitorUserName=visitor, **given)
    found: str = done["session"]["id"]
    return found


async def windows(company: Company, session: str, api: Any = None, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await (api or company.partner).ask(WINDOWS, id=session, **asked))["session"][
        "iframes"
    ]
    return found


async def told(company: Company, session: str, api: Any = None, **asked: Any) -> dict[str, str]:
    """What the first window's page is told."""
    [window, *_] = await windows(company, session, api, **asked)
    return dict(parse_qsl(urlsplit(window["url"]).query, keep_blank_values=True))


async def messages(company: Company, session: str, api: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = (await (api or company.partner).ask(MESSAGES, id=session))["session"]
    return found


async def posts(company: Company, session: str, api: Any = None) -> list[list[dict[str, Any]]]:
    """Message by message."""
    return [each["iframePosts"] for each in (await messages(company, session, api))["messages"]["nodes"]]


async def test_c1_a_window_is_kept_as_it_was_configured(company: Company) -> None:
    given: dict[str, Any] = {
        "name": "客户信息",
        "url": f"{URL}card#/x",
        "isEncryptingSystemParameters": True,
        "isEncryptingCustomParameters": True,
        "isSyncingMessages": True,
        "cipherMode": "CBC_ZERO_IV",
        "language": "zh",
        "easemobId": "107937",
        "serviceNumber": "gh_1",
        "interactions": [{"interactiveFlag": "order", "buttonLabel": "查看订单"}],
    }
    await save(company, key="a long key", **given)
    [kept] = (await company.partner.ask(f"{{ iframes {{ {ABOUT[9:-10]} }} }}"))["iframes"]
    assert {name: kept[name] for name in given} == given
    assert (kept["hasKey"], "a long key" in str(kept)) == (True, False)


async def test_c1_what_is_left_out_stays_as_it_is(company: Company) -> None:
    made = await save(company, name="CRM", url=URL, key="a long key", language="zh", isSyncingMessages=True)
    changed = await save(company, id=made["id"], name="ERP")
    assert changed == made | {"name": "ERP"}


async def test_c1_an_empty_key_takes_it_away(company: Company) -> None:
    made = await save(company, name="CRM", url=URL, key="a long key")
    assert (await save(company, id=made["id"], key=""))["hasKey"] is False


@pytest.mark.parametrize(
    ("given", "field"),
    [
        pytest.param({"name": "CRM"}, "url", id="no url"),
        pytest.param({"url": URL}, "name", id="no name"),
        pytest.param({"name": " ", "url": URL}, "name", id="a blank name"),
        pytest.param({"name": "CRM", "url": "http://crm.example/"}, "url", id="C1, http"),
        pytest.param({"name": "CRM", "url": "javascript:alert(1)"}, "url", id="a script"),
        pytest.param({"name": "CRM", "url": URL, "key": "12345678"}, "key", id="C9, vector I8"),
        pytest.param({"name": "CRM", "url": URL, "key": "1234567"}, "key", id="C9, seven"),
        pytest.param({"name": "CRM", "url": URL, "key": "1234567", "allowsShortKey": True}, "key", id="C9, insisted"),
        pytest.param({"name": "CRM", "url": URL, "key": "x" * 129}, "key", id="a long key"),
        pytest.param({"name": "CRM", "url": URL, "isEncryptingSystemParameters": True}, "key", id="no key, ours"),
        pytest.param({"name": "CRM", "url": URL, "isEncryptingCustomParameters": True}, "key", id="no key, theirs"),
        pytest.param({"name": "CRM", "url": URL, "language": "x" * 129}, "language", id="a long language"),
        pytest.param(
            {"name": "CRM", "url": URL, "interactions": [{"interactiveFlag": "", "buttonLabel": "x"}]},
            "interactions",
            id="a blank flag",
        ),
        pytest.param(
            {"name": "CRM", "url": URL, "interactions": [{"interactiveFlag": "f", "buttonLabel": "x"}] * 2},
            "interactions",
            id="E23, a flag twice",
        ),
        pytest.param(
            {
                "name": "CRM",
                "url": URL,
                "interactions": [{"interactiveFlag": f"f{n}", "buttonLabel": "x"} for n in range(51)],
            },
            "interactions",
            id="many flags",
        ),
    ],
)
async def test_c1_c9_what_cannot_work_is_refused_and_nothing_is_made(
    company: Company, given: dict[str, Any], field: str
) -> None:
    assert await refusal(company, **given) == ("INVALID_INPUT", ["input", field])


@pytest.mark.parametrize("key", ["123456789", "一二三四五六七八九"])
async def test_c9_a_key_of_nine_characters_will_do(company: Company, key: str) -> None:
    saved = await save(company, name="CRM", url=URL, key=key)
    assert (saved["hasKey"], saved["warning"] is None) == (True, key.isascii())


async def test_c9_one_of_exactly_eight_will_do_where_the_tenant_insists(company: Company) -> None:
    assert (await save(company, name="CRM", url=URL, key="12345678", allowsShortKey=True))["hasKey"]


async def test_a_tenant_has_so_many_windows_and_no_more(company: Company) -> None:
    for number in range(20):
        await company.iframe(f"{number}")
    assert (await refusal(company, name="CRM", url=URL))[0] == "INVALID_INPUT"


async def test_c2_an_agent_opens_what_the_session_asks_for(company: Company) -> None:
    await company.agent("a")
    await company.iframe("CRM", easemob_id="107937")
    session = await company.receive("V", "hello")
    expected = f"{URL}?easemobId=107937&visitorImId=V&to=107937"
    assert [each["url"] for each in await windows(company, session, company.agent_api("a"))] == [expected]


async def test_c3_extras_are_the_looking_agents_own_when_entitled(company: Company) -> None:
    await company.agent("a")
    await company.agent("boss")
    await company.iframe("CRM")
    session = await company.receive("V", "hello", agentUsername="a")
    assert "agentId" not in await told(company, session)
    await company.partner.do("tenantSettingsUpdate", "settings { hasIframeExtras }", hasIframeExtras=True)
    assert (await told(company, session, company.agent_api("a")))["agentId"] == "a"
    assert (await told(company, session, company.supervisor("boss")))["email"] == "boss"
    assert (await told(company, session))["agentName"] == "a", "for the partner it is the agent whose session it is"


async def test_c3_extras_tell_what_the_visitors_card_says(company: Company) -> None:
    await company.iframe("CRM")
    await company.partner.do("tenantSettingsUpdate", "settings { hasIframeExtras }", hasIframeExtras=True)
    session = await written(company, text="hello", ext=weichat(visitor={"trueName": "李明", "userNickname": "小明"}))
    shown = await told(company, session)
    assert (shown["trueName"], shown["nickname"], shown["tenantId"]) == ("李明", "小明", company.tenant)


async def test_c4_e21_a_command_brings_custom_parameters_into_the_url(company: Company) -> None:
    await company.iframe("CRM", easemob_id="107937")
    session = await company.receive("V", "hello")
    await written(company, type="COMMAND", **marker(name="Jack", age=40))
    [window] = await windows(company, session)
    assert window["url"] == f"{URL}?name=Jack&age=40&easemobId=107937&visitorImId=V&to=107937"


async def test_c4_a_newer_command_replaces_all_of_an_older_one(company: Company) -> None:
    await company.iframe("CRM")
    session = await written(company, **marker(name="Jack", age=40))
    await written(company, **marker(order="1"))
    assert set(await told(company, session)) == {"order", "easemobId", "visitorImId", "to"}


async def test_c4_an_empty_command_takes_them_away(company: Company) -> None:
    await company.iframe("CRM")
    session = await written(company, **marker(name="Jack"))
    await written(company, **marker())
    assert "name" not in await told(company, session)


async def test_c4_a_command_that_cannot_be_read_leaves_them(company: Company) -> None:
    await company.iframe("CRM")
    session = await written(company, **marker(name="Jack"))
    await written(company, ext={"cmd": {"updateVisitorInfoSrc": {"params": "name=Bob"}}})
    assert (await told(company, session))["name"] == "Jack"


async def test_c4_every_other_message_leaves_them(company: Company) -> None:
    await company.iframe("CRM")
    session = await written(company, **marker(name="Jack"))
    await written(company, text="updateVisitorInfoSrc", ext={"note": "updateVisitorInfoSrc"})
    assert (await told(company, session))["name"] == "Jack"


async def test_c4_the_next_session_begins_without_them(company: Company) -> None:
    await company.iframe("CRM")
    first = await written(company, **marker(name="Jack"))
    await company.close(first)
    second = await written(company, text="hello")
    assert ("name" in await told(company, first), "name" in await told(company, second)) == (True, False)


async def test_c4_c13_a_page_learns_from_the_message_that_it_is_to_be_loaded_anew(company: Company) -> None:
    """As the web plug-in sends it: an empty text."""
    session = await company.receive("V", "hello")
    await written(company, type="TEXT", text=" ", **marker(name="Jack"))
    found = (await messages(company, session))["messages"]["nodes"]
    assert [(each["type"], each["reloadsIframes"]) for each in found] == [("TEXT", False), ("COMMAND", True)]


@pytest.mark.parametrize("shown", ["", " ", "not to be shown"])
async def test_c13_e21_what_carries_parameters_is_never_displayed(company: Company, shown: str) -> None:
    await company.agent("a")
    session = await company.receive("V", "hello", agentUsername="a")
    await written(company, text=shown, **marker(name="Jack"))
    found = await messages(company, session)
    assert (found["unreadCount"], found["lastMessage"]) == (1, {"text": "hello"})


async def test_c13_the_bot_has_nothing_to_say_to_it(company: Company) -> None:
    from kefu.domain.channel import Channel  # noqa: PLC0415  the one use of it

    await company.bot(Channel.WEB)
    session = await written(company, channel="WEB", text="你好")
    before = len((await messages(company, session))["messages"]["nodes"])
    await written(company, channel="WEB", text="怎么退货", **marker(name="Jack"))
    assert len((await messages(company, session))["messages"]["nodes"]) == before + 1


async def test_c6_c7_a_window_with_a_key_is_told_cipher_text(company: Company) -> None:
    await save(company, name="CRM", url=URL, key="123456789", isEncryptingSystemParameters=True, easemobId="107937")
    session = await written(company, **marker(name="877523f86f18f55e"))
    shown = await told(company, session)
    assert (shown["name"], shown["easemobId"], decrypt(shown["visitorImId"], "12345678")) == (
        *("877523f86f18f55e", "2582915978973a91", "V"),
    )


async def test_c10_a_window_that_wants_it_is_posted_what_the_visitor_writes(company: Company) -> None:
    await company.agent("a")
    window = await company.iframe("CRM", url="https://CRM.example:8443/card?x=1", syncs_messages=True)
    await company.iframe("ERP")
    session = await company.receive("V", "你好", agentUsername="a")
    [[post]] = await posts(company, session)
    data = json.loads(post.pop("data"))
    assert post == {"iframeId": window, "targetOrigin": "https://crm.example:8443", "buttonLabel": None}
    message = data.pop("message")
    assert (data.pop("serviceSessionId") != session, data) == (
        True,
        {"type": "easemob.customerMessage", "version": 1, "interactiveFlag": None, "visitorImId": "V"},
    )
    assert (message["type"], message["body"]) == ("txt", {"type": "txt", "msg": "你好"})
    assert message["ext"] == weichat(agentUsername="a")
    assert isinstance(message["timestamp"], int)


async def test_c10_only_what_visitors_say_is_posted(company: Company) -> None:
    await company.agent("a")
    await company.iframe("CRM", syncs_messages=True)
    session = await company.receive("V", "你好", agentUsername="a")
    await company.partner.do("messageSend", sessionId=session, text="您好")
    await written(company, **marker(name="Jack"))
    await written(company, type="COMMAND", payload={"action": "TransferToKf"})
    assert [len(each) for each in await posts(company, session)] == [1, 0, 0, 0]


async def test_c10_a_message_that_is_posted_as_it_comes_has_no_button(company: Company) -> None:
    await company.iframe("CRM", syncs_messages=True)
    session = await company.receive("V", "你好")
    [message] = (await messages(company, session))["messages"]["nodes"]
    assert (message["isInteractive"], len(message["iframePosts"])) == (False, 1)


async def test_c10_without_the_flag_nothing_is_posted(company: Company) -> None:
    await company.iframe("CRM")
    session = await company.receive("V", "你好")
    assert await posts(company, session) == [[]]


async def test_c11_the_first_window_is_shown_everywhere_and_the_others_beside_sessions(company: Company) -> None:
    for name in ("CRM", "ERP", "BI"):
        await company.iframe(name)
    session = await company.receive("V", "hello")
    expected = [
        ("CRM", ["AGENT_SESSION", "AGENT_HISTORY", "ADMIN_HISTORY", "ADMIN_QUALITY"]),
        ("ERP", ["AGENT_SESSION"]),
        ("BI", ["AGENT_SESSION"]),
    ]
    assert [(each["name"], each["placements"]) for each in await windows(company, session)] == expected
    listed = (await company.partner.ask("{ iframes { name placements } }"))["iframes"]
    assert [(each["name"], each["placements"]) for each in listed] == expected


async def test_c11_where_the_first_is_deleted_the_next_moves_up(company: Company) -> None:
    first, second = await company.iframe("CRM"), await company.iframe("ERP")
    await company.partner.do("iframeDelete", id=first)
    [left] = (await company.partner.ask("{ iframes { id placements } }"))["iframes"]
    assert (left["id"], len(left["placements"])) == (second, 4)
    assert (await company.partner.refused("iframeDelete", id=first))["code"] == "IFRAME_NOT_FOUND"


async def test_c11_a_closed_session_has_its_windows_still(company: Company) -> None:
    await company.iframe("CRM")
    session = await written(company, **marker(name="Jack"))
    await company.close(session)
    assert (await told(company, session))["name"] == "Jack"


async def test_c12_the_call_workbench_opens_the_same_windows_and_tells_of_the_call(company: Company) -> None:
    await company.group("售前")
    await company.iframe("CRM")
    await company.iframe("ERP")
    session = await company.receive("V", "hello", queueName="售前")
    call = {"callId": "c1", "callerNumber": "138", "calledNumber": "4001", "startedAt": "2026-01-31T09:30:00Z"}
    online, calling = await windows(company, session), await windows(company, session, call=call)
    assert [(each["iframeId"], each["placements"]) for each in online] == [
        (each["iframeId"], each["placements"]) for each in calling
    ]
    shown = await told(company, session, call=call)
    assert [shown[name] for name in ("callId", "callerNumber", "calledNumber", "callDirection")] == [
        *("c1", "138", "4001", "in")
    ]
    assert (shown["queueName"], shown["startTime"], shown["visitorId"]) == ("售前", "1769851800000", "V")


async def test_c14_each_session_has_urls_of_its_own(company: Company) -> None:
    await company.iframe("CRM")
    first, second = await written(company, "V", **marker(name="Jack")), await written(company, "W", text="hello")
    assert (await told(company, first))["visitorImId"] == "V"
    assert (await told(company, second)) | {"to": ""} == {
        "easemobId": company.tenant,
        "visitorImId": "W",
        "to": "",
    }


async def test_c2_lang_is_that_of_the_agents_client(company: Company) -> None:
    await company.iframe("CRM", language="zh")
    session = await company.receive("V", "hello")
    assert (await told(company, session))["lang"] == "zh"
    assert (await told(company, session, language="en"))["lang"] == "en"


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"text": "看看这个"} | interactive("order"), id="text"),
        pytest.param({"text": " "} | interactive("order", **ORDER), id="order"),
        pytest.param({"type": "CARD", "payload": {"track": {"title": "T"}}} | interactive("order"), id="track"),
        pytest.param({"text": "x", "ext": {"interactiveFlag": "order"}}, id="beside weichat"),
    ],
)
async def test_e22_a_message_with_a_configured_flag_has_a_button(company: Company, given: dict[str, Any]) -> None:
    flags = [{"interactiveFlag": "order", "buttonLabel": "查看订单"}]
    window = await save(company, name="CRM", url=URL, interactions=flags)
    session = await written(company, **given)
    [message] = (await messages(company, session))["messages"]["nodes"]
    [post] = message["iframePosts"]
    data = json.loads(post["data"])
    assert message["isInteractive"]
    assert (post["iframeId"], post["targetOrigin"], post["buttonLabel"]) == (
        *(window["id"], "https://crm.example", "查看订单"),
    )
    assert (data["type"], data["version"], data["interactiveFlag"]) == ("easemob.interactive", 1, "order")
    assert (data["visitorImId"], data["message"]["ext"], data["message"]["type"]) == ("V", given["ext"], "txt")


@pytest.mark.parametrize("flag", ["Order", "order ", "other", "", " ", None, 5, ["order"], {"order": 1}])
async def test_e22_another_flag_has_none(company: Company, flag: object) -> None:
    await save(company, name="CRM", url=URL, interactions=[{"interactiveFlag": "order", "buttonLabel": "查看"}])
    session = await written(company, text="x", **interactive(flag))
    [message] = (await messages(company, session))["messages"]["nodes"]
    assert (message["isInteractive"], message["iframePosts"]) == (False, [])


async def test_e22_only_visitors_messages_have_one(company: Company) -> None:
    await company.agent("a")
    await save(company, name="CRM", url=URL, interactions=[{"interactiveFlag": "order", "buttonLabel": "查看"}])
    session = await company.receive("V", "hello", agentUsername="a")
    await company.partner.do("messageSend", sessionId=session, text="x", **interactive("order"))
    assert await posts(company, session) == [[], []]


async def test_e23_another_map_leads_to_another_window(company: Company) -> None:
    flags = [{"interactiveFlag": "order", "buttonLabel": "查看"}]
    first, second = (
        await save(company, name="CRM", url=URL, interactions=flags),
        await save(company, name="ERP", url=URL),
    )
    session = await written(company, text="x", **interactive("order"))
    leads_to = [(await posts(company, session))[0][0]["iframeId"]]
    await save(company, id=first["id"], interactions=[])
    leads_to += [each["iframeId"] for each in (await posts(company, session))[0]]
    await save(company, id=second["id"], interactions=flags)
    leads_to += [(await posts(company, session))[0][0]["iframeId"]]
    assert leads_to == [first["id"], second["id"]]


async def test_e23_one_flag_leads_to_one_window(company: Company) -> None:
    flags = [{"interactiveFlag": "order", "buttonLabel": "查看"}]
    made = await save(company, name="CRM", url=URL, interactions=flags)
    assert await refusal(company, name="ERP", url=URL, interactions=flags) == (
        *("INTERACTIVE_FLAG_TAKEN", ["input", "interactions"]),
    )
    assert (await save(company, id=made["id"], interactions=flags))["interactions"] == flags


async def test_a_visitor_sees_no_window_and_nothing_that_is_posted(stage: Stage) -> None:
    company, visitor = stage.company, stage.company.visitor_api("V")
    await save(company, id=stage.iframe, isSyncingMessages=True)
    assert await windows(company, stage.own, visitor) == []
    assert await posts(company, stage.own, visitor) == [[]]
    assert len(await windows(company, stage.own)) == 2
