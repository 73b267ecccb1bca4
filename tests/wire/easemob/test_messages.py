"""What visitors' clients send: every envelope, profiles, cards, menus, commands; rows X, vectors X-, oddities c."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from shop import BUSY, PARTNER, TENANT

from kefu.desk.call import Call, Role
from kefu.desk.edit_visitor import edit_visitor
from kefu.domain.channel import Channel
from kefu.domain.directory import ChannelSettings
from kefu.domain.log import EventKind
from kefu.domain.message import MessageType
from kefu.domain.session import SessionState
from kefu.domain.visitor import VisitorProfile
from kefu.records import visitors
from wire.easemob.vendor import OTHER_TENANT, Vendor, bearer, cmd, failed, text

PRINTED = Path(__file__).parents[2] / "brief" / "product-track-as-printed.txt"
EXT = {"weichat": {"queueName": "售前"}}
HELLO = {"type": "txt", "msg": "你好"}
ENVELOPES: dict[str, dict[str, Any]] = {
    "REST send": {"from": "V", "target_type": "users", "target": ["kefu"], "msg": HELLO, "ext": EXT},
    "REST send without its targets": {"msg": HELLO, "ext": EXT},
    "web client": {
        "from": "V",
        "to": "kefu",
        "tenantId": TENANT,
        "bodies": [HELLO],
        "ext": EXT,
        "orgName": "org",
        "appName": "app",
        "originType": "app",
    },
    "IM callback": {
        "callId": "1",
        "eventType": "chat",
        "from": "V",
        "to": "kefu",
        "msg_id": "8924",
        "payload": {"bodies": [HELLO], "ext": EXT},
    },
    "payload of an IM callback": {"bodies": [HELLO], "ext": EXT},
}
NO_ENVELOPES: dict[str, Any] = {
    "nothing": {},
    "no message": {"ext": EXT},
    "two messages": {"bodies": [HELLO, HELLO]},
    "no bodies": {"bodies": []},
    "both shapes": {"msg": HELLO, "bodies": [HELLO]},
    "an unknown type": {"msg": {"type": "smell", "msg": "x"}},
    "no type": {"msg": {"msg": "x"}},
    "no text": {"msg": {"type": "txt"}},
    "a command without an action": {"msg": {"type": "cmd"}},
    "an ext that is a list": {"msg": HELLO, "ext": []},
    "a weichat that is a text": {"msg": HELLO, "ext": {"weichat": "x"}},
    "a msgtype that is a list": {"msg": HELLO, "ext": {"msgtype": [1]}},
    "a sender that is an object": {"from": {}, "msg": HELLO},
    "an unknown origin": {"msg": HELLO, "originType": "smoke"},
    "an ext over its bound": {"msg": HELLO, "ext": {"x": "x" * 40_000}},
    "a text over its bound": {"msg": {"type": "txt", "msg": "x" * 20_000}},
    "a list": [HELLO],
    "a payload that is a text": {"msg": HELLO, "payload": "x"},
}
TRACK = {
    "title": "我正在看:",
    "price": "¥: 235.00",
    "desc": "女装小香风气质蕾丝假两件短袖",
    "img_url": "https://yourdomain.com/img/a.jpg",
    "item_url": "https://yourdomain.com/item/a.html",
}
ORDER = TRACK | {"title": "我的订单", "order_title": "订单号:a110083"}
MEDIA = {
    "img": MessageType.IMAGE,
    "audio": MessageType.AUDIO,
    "video": MessageType.VIDEO,
    "file": MessageType.FILE,
    "loc": MessageType.LOCATION,
    "custom": MessageType.CARD,
}


async def profile_of(vendor: Vendor, visitor: str = "V") -> VisitorProfile:
    loaded = await visitors.load(vendor.shop.desk.store, TENANT, visitor)
    return loaded.value.profile if loaded else VisitorProfile()


def card(**msgtype: object) -> dict[str, Any]:
    return {"msg": {"type": "txt", "msg": " "}, "ext": {"msgtype": msgtype}}


async def with_bot(vendor: Vendor) -> None:
    channel = ChannelSettings(channel=Channel.APP, has_bot=True)
    await vendor.shop.settings(channels=(channel,))


@pytest.mark.parametrize("envelope", ENVELOPES.values(), ids=ENVELOPES)
async def test_every_envelope_is_one_message(vendor: Vendor, envelope: dict[str, Any]) -> None:
    ref = await vendor.write(envelope)
    message = await vendor.last_message(ref)
    assert (message.type, message.text, await vendor.shop.where(ref)) == (MessageType.TEXT, "你好", "with d")


@pytest.mark.parametrize("envelope", NO_ENVELOPES.values(), ids=NO_ENVELOPES)
async def test_what_is_no_envelope_is_refused_and_changes_nothing(vendor: Vendor, envelope: object) -> None:
    before = await vendor.position()
    assert await vendor.post(envelope) == failed("API_001")
    assert await vendor.position() == before


async def test_the_web_clients_path_names_the_tenant_in_its_query(vendor: Vendor) -> None:
    given = {"params": {"tenantId": TENANT}, "headers": bearer(Role.VISITOR, "V", vendor.shop)}
    answer = await vendor.answer("POST", "/v1/imgateway/messages", json=ENVELOPES["web client"], **given)
    assert answer == {"status": "OK", "entity": {"serviceSessionId": (await vendor.newest()).id}}


@pytest.mark.parametrize("params", [{}, {"tenantId": "999999"}, {"tenantId": "x"}])
async def test_the_web_clients_path_without_a_tenant_of_ours(vendor: Vendor, params: dict[str, str]) -> None:
    assert await vendor.answer("POST", "/v1/imgateway/messages", params=params, json={}) == failed("API_003")


@pytest.mark.parametrize(
    ("origin", "channel"), [("webim", Channel.WEB), ("weixin", Channel.WECHAT), ("rest", Channel.API)]
)
async def test_where_it_comes_from_is_its_channel(vendor: Vendor, origin: str, channel: Channel) -> None:
    ref = await vendor.write(ENVELOPES["web client"] | {"originType": origin})
    assert ref.channel is channel


async def test_who_writes_is_said_by_a_visitors_token_alone(vendor: Vendor) -> None:
    assert (await vendor.write(ENVELOPES["REST send"] | {"from": "W"})).visitor == "V"


@pytest.mark.parametrize(
    "given", [{"json": {"from": "W", "msg": HELLO}}, {"json": {"msg": HELLO}, "params": {"visitor": "W"}}]
)
async def test_a_partner_names_who_writes(vendor: Vendor, given: dict[str, Any]) -> None:
    answer = await vendor.post(None, content=None, headers={"Kefu-Token": vendor.token}, **given)
    assert answer["entity"]["serviceSessionId"] == (await vendor.newest("W")).id


async def test_a_partner_who_names_nobody_is_refused(vendor: Vendor) -> None:
    assert await vendor.post({"msg": HELLO}, headers={"Kefu-Token": vendor.token}) == failed("API_001")


async def test_agents_do_not_write_as_visitors(vendor: Vendor) -> None:
    assert await vendor.post({"msg": HELLO}, headers=bearer(Role.AGENT, "a", vendor.shop)) == failed("API_002")


async def test_another_tenants_visitor_is_refused(vendor: Vendor) -> None:
    headers = bearer(Role.VISITOR, "V", vendor.shop, OTHER_TENANT)
    assert await vendor.post({"msg": HELLO}, headers=headers) == failed("API_003")


async def test_c11_comments_in_json_are_refused(vendor: Vendor) -> None:
    assert await vendor.post(None, content=PRINTED.read_bytes()) == failed("API_001")


@pytest.mark.parametrize("blank", [" ", ""])
async def test_c20_a_single_space_is_no_text(vendor: Vendor, blank: str) -> None:
    assert (await vendor.last_message(await vendor.write(text(blank)))).text == ""


@pytest.mark.parametrize("shown", ["  ", " hello "])
async def test_c20_any_other_text_is_kept_as_it_came(vendor: Vendor, shown: str) -> None:
    assert (await vendor.last_message(await vendor.write(text(shown)))).text == shown


@pytest.mark.parametrize(("kind", "type_"), MEDIA.items(), ids=MEDIA)
async def test_other_contents_keep_what_they_carry(vendor: Vendor, kind: str, type_: MessageType) -> None:
    ref = await vendor.write({"msg": {"type": kind, "url": "https://x.example/a", "length": 3}, "ext": {}})
    message = await vendor.last_message(ref)
    assert (message.type, message.payload) == (type_, '{"url":"https://x.example/a","length":3}')


async def test_x01_vector_x01_the_profile_lands_on_the_card(vendor: Vendor) -> None:
    await vendor.write(
        text(
            visitor={
                "trueName": "李明",
                "qq": "13512345678",
                "companyName": "环信",
                "userNickname": "小明",
                "description": "",
                "email": "abc@123.com",
            }
        )
    )
    assert await profile_of(vendor) == VisitorProfile(
        nickname="小明",
        true_name="李明",
        qq="13512345678",
        email="abc@123.com",
        company_name="环信",
        description="",
    )


async def test_x01_a_later_message_may_change_the_card(vendor: Vendor) -> None:
    await vendor.write(text(visitor={"userNickname": "小明", "qq": "1"}))
    await vendor.write(text(visitor={"userNickname": "小红"}))
    assert await profile_of(vendor) == VisitorProfile(nickname="小红", qq="1")


async def test_x01_vector_x02_what_an_agent_edited_stays(vendor: Vendor) -> None:
    await vendor.write(text(visitor={"userNickname": "小明", "qq": "1"}))
    await edit_visitor(vendor.shop.desk, Call(by=PARTNER), "V", {"nickname": "明先生"})
    await vendor.write(text(visitor={"userNickname": "小红", "qq": "2"}))
    assert await profile_of(vendor) == VisitorProfile(nickname="明先生", qq="2")


@pytest.mark.parametrize("blank", ["", "  ", None, 5, ["小红"]])
async def test_x01_a_nickname_is_never_blanked(vendor: Vendor, blank: object) -> None:
    await vendor.write(text(visitor={"userNickname": "小明"}))
    await vendor.write(text(visitor={"userNickname": blank}))
    assert (await profile_of(vendor)).nickname == "小明"


@pytest.mark.parametrize(
    ("key", "field"), [("phone", "phone"), ("description", "description"), ("note", "description"), (" qq ", "qq")]
)
async def test_c13_phone_and_remarks_have_their_keys(vendor: Vendor, key: str, field: str) -> None:
    await vendor.write(text(visitor={key: "x"}))
    assert getattr(await profile_of(vendor), field) == "x"


@pytest.mark.parametrize(("name", "content"), [("track", TRACK), ("order", ORDER)], ids=["x12 track", "x13 order"])
async def test_x12_x13_a_track_or_an_order_is_a_card(vendor: Vendor, name: str, content: dict[str, str]) -> None:
    message = await vendor.last_message(await vendor.write(card(**{name: content})))
    assert (message.type, msgspec.json.decode(message.payload)) == (MessageType.CARD, {name: content})


@pytest.mark.parametrize("content", [{"title": "x"}, {"item_url": "https://x.example"}])
async def test_x12_x13_a_card_needs_a_title_or_an_address(vendor: Vendor, content: dict[str, str]) -> None:
    assert (await vendor.last_message(await vendor.write(card(track=content)))).type is MessageType.CARD


@pytest.mark.parametrize("content", [{"price": "1"}, {"title": " "}, {"title": 5}, {}, None, [], "x"])
async def test_x12_x13_what_has_neither_is_a_text_with_its_ext(vendor: Vendor, content: object) -> None:
    message = await vendor.last_message(await vendor.write(card(track=content)))
    assert (message.type, message.ext != "") == (MessageType.TEXT, True)


async def test_vector_x07_a_click_on_a_menu_is_a_text_that_keeps_its_menuid(vendor: Vendor) -> None:
    click = {"msg": {"type": "txt", "msg": "1.列表内容"}, "ext": {"msgtype": {"choice": {"menuid": "m1"}}}}
    message = await vendor.last_message(await vendor.write(click))
    assert (message.text, message.ext) == ("1.列表内容", '{"msgtype":{"choice":{"menuid":"m1"}}}')


@pytest.mark.parametrize("keyword", ["转人工", "转人工客服", " 转人工 "])
async def test_x16_vector_x10_a_menu_entry_in_the_bot_stage_asks_for_a_human(vendor: Vendor, keyword: str) -> None:
    await with_bot(vendor)
    assert await vendor.where(text("你好")) == "BOT"
    assert await vendor.where(text(keyword)) == "with c"


async def test_vector_x10_the_same_text_at_a_human_is_an_ordinary_message(vendor: Vendor) -> None:
    ref = await vendor.write(text())
    await vendor.write(text("转人工客服"))
    kinds = await vendor.shop.kinds(ref)
    assert (kinds[-1], kinds.count(EventKind.HUMAN_REQUESTED)) == (EventKind.USER_MESSAGE, 1)


@pytest.mark.parametrize("weichat", [{}, {"ctrlArgs": {}}, {"ctrlArgs": {"id": "1", "serviceSessionId": "x"}}])
async def test_x18_vector_x09_the_command_asks_for_a_human_once(vendor: Vendor, weichat: dict[str, Any]) -> None:
    await with_bot(vendor)
    await vendor.shop.turn("c", BUSY)
    ref = await vendor.write(text())
    for _ in range(2):
        assert await vendor.write(cmd("TransferToKf", **weichat)) == ref
    kinds = await vendor.shop.kinds(ref)
    assert (kinds.count(EventKind.HUMAN_REQUESTED), kinds.count(EventKind.QUEUED)) == (1, 1)


async def test_x18_any_other_command_leaves_the_session_with_the_bot(vendor: Vendor) -> None:
    await with_bot(vendor)
    await vendor.write(cmd("ShowForm"))
    assert (await vendor.newest()).state is SessionState.BOT


async def test_e21_a_session_marker_is_a_command_that_keeps_its_parameters(vendor: Vendor) -> None:
    params = {"cmd": {"updateVisitorInfoSrc": {"params": {"name": "Jack", "age": "40", "sex": "man"}}}}
    ref = await vendor.write({"msg": {"type": "cmd", "action": "custom"}, "ext": params})
    message = await vendor.last_message(ref)
    kept = '{"cmd":{"updateVisitorInfoSrc":{"params":{"name":"Jack","age":"40","sex":"man"}}}}'
    assert (message.type, message.text, message.ext) == (MessageType.COMMAND, "", kept)


@pytest.mark.parametrize("shown", ["", " ", "not to be shown"])
async def test_e21_a_session_marker_in_a_text_is_never_displayed(vendor: Vendor, shown: str) -> None:
    """As the web client sends it once the session is open."""
    ext = {"cmd": {"updateVisitorInfoSrc": {"params": {"name": "Jack"}}}}
    ref = await vendor.write({"msg": {"type": "txt", "msg": shown}, "ext": ext})
    message = await vendor.last_message(ref)
    assert message.type is MessageType.COMMAND
    assert message.ext == '{"cmd":{"updateVisitorInfoSrc":{"params":{"name":"Jack"}}}}'


@pytest.mark.parametrize("again", ["msg_id", "msg_id_for_ack"])
async def test_a_message_sent_again_under_its_id_is_one(vendor: Vendor, again: str) -> None:
    message = text("你好", msg_id_for_ack="m1") if again == "msg_id_for_ack" else text("你好") | {"msg_id": "m1"}
    ref = await vendor.write(message)
    await vendor.write(message)
    assert (await vendor.shop.kinds(ref)).count(EventKind.USER_MESSAGE) == 1


async def test_a_web_client_that_got_no_acknowledgement_sends_over_http_and_it_is_one(vendor: Vendor) -> None:
    asked = {"weichat": {"msg_id_for_ack": "m1"}}
    ref = await vendor.write(ENVELOPES["IM callback"] | {"payload": {"bodies": [HELLO], "ext": asked}})
    await vendor.write({"bodies": [HELLO], "ext": asked})
    assert (await vendor.shop.kinds(ref)).count(EventKind.USER_MESSAGE) == 1


@pytest.mark.parametrize("message_id", [{}, [], True, 1.5, "x" * 129, "a\x00b"])
async def test_an_id_that_is_none_is_refused(vendor: Vendor, message_id: object) -> None:
    before = await vendor.position()
    assert await vendor.post(text(msg_id_for_ack=message_id)) == failed("API_001")
    assert await vendor.position() == before
