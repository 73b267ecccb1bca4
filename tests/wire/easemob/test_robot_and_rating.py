"""The robot's menus and hint, and satisfaction; rows X9 to X11, X14, X15, X17, vectors X-3 to X-8."""

from dataclasses import replace
from typing import Any

import pytest
from shop import TENANT

from kefu.desk.bot_setup import save_bot
from kefu.desk.ratings import invite_rating
from kefu.domain.bot import Menu, MenuEntry, MenuShape
from kefu.domain.channel import Channel
from kefu.domain.directory import ChannelSettings
from kefu.domain.human_request import transfer_id
from kefu.domain.instants import HOUR, SECOND
from kefu.domain.log import EventKind
from kefu.domain.rating import InvalidRatingReason
from kefu.domain.session_ref import SessionRef
from kefu.records import ratings
from wire.easemob.vendor import Vendor, cmd, failed, text

ENTRIES = (MenuEntry(id="m1", name="1.列表内容", answer="好的"), MenuEntry(id="m2", name="人工", leads_to_human=True))
NAMES = [entry.name for entry in ENTRIES]


async def with_bot(vendor: Vendor, shape: MenuShape = MenuShape.ITEMS) -> None:
    channel = ChannelSettings(channel=Channel.APP, has_bot=True)
    await vendor.shop.settings(channels=(channel,))
    menu = Menu(title="请选择", entries=ENTRIES, shape=shape)
    await vendor.shop.step(save_bot(vendor.shop.desk, vendor.shop.call(), lambda known: replace(known, menu=menu)))


async def robots_words(vendor: Vendor) -> list[dict[str, Any]]:
    await vendor.told()
    await vendor.write(text("你好"))
    return [each for each in await vendor.told() if each["msg"]["type"] == "txt"]


@pytest.mark.parametrize(
    ("shape", "listed"),
    [
        (MenuShape.ITEMS, {"items": [{"id": "m1", "name": "1.列表内容"}, {"id": "m2", "name": "人工"}]}),
        (MenuShape.LIST, {"list": NAMES}),
    ],
)
async def test_x14_x15_vector_x07_a_menu_has_the_shape_that_the_tenant_chose(
    vendor: Vendor, shape: MenuShape, listed: dict[str, Any]
) -> None:
    await with_bot(vendor, shape)
    greeting, menu = await robots_words(vendor)
    assert "msgtype" not in greeting["ext"]
    assert (menu["msg"]["msg"], menu["ext"]["msgtype"]["choice"]) == ("请选择", {"title": "请选择", **listed})


async def test_x14_a_click_on_an_item_is_answered_by_its_id(vendor: Vendor) -> None:
    await with_bot(vendor)
    await vendor.write(text("你好"))
    click = {"msg": {"type": "txt", "msg": "1.列表"}, "ext": {"msgtype": {"choice": {"menuid": "m1"}}}}
    assert (await vendor.last_message(await vendor.write(click))).text == "好的"


async def test_x16_the_chosen_text_starts_a_transfer_even_without_a_command(vendor: Vendor) -> None:
    await with_bot(vendor, MenuShape.LIST)
    await vendor.write(text("你好"))
    assert await vendor.where(text("人工")) == "with c"


async def test_x17_c12_vector_x08_the_transfer_hint_has_label_and_lable(vendor: Vendor) -> None:
    await with_bot(vendor)
    weichat = (await robots_words(vendor))[-1]["ext"]["weichat"]
    session_id = (await vendor.newest()).id
    given = transfer_id(session_id)
    assert weichat["ctrlType"] == "TransferToKfHint"
    assert weichat["ctrlArgs"] == {
        "id": given, "serviceSessionId": session_id, "label": "转人工客服", "lable": "转人工客服",
    }  # fmt: skip
    assert weichat["transferToHumanButtonInfo"] == {
        "suggestionTransferToHumanLabel": "转人工客服", "transferToHumanId": given,
    }  # fmt: skip


async def test_x18_the_id_of_the_hint_is_a_command_too(vendor: Vendor) -> None:
    await with_bot(vendor)
    hint = (await robots_words(vendor))[-1]["ext"]["weichat"]
    assert await vendor.where(cmd(hint["transferToHumanButtonInfo"]["transferToHumanId"])) == "with c"


def enquiry(summary: object = "5", **arguments: object) -> dict[str, Any]:
    given = {"inviteId": 0, "serviceSessionId": "", "detail": "很好", "summary": summary} | arguments
    return text(ctrlType="enquiry", ctrlArgs=given)


async def invalid(vendor: Vendor, ref: SessionRef) -> list[InvalidRatingReason]:
    return [each.reason for each in await ratings.invalid_of(vendor.shop.desk.store, TENANT, ref.id)]


async def rate(vendor: Vendor, message: dict[str, Any]) -> str:
    answer = await vendor.post(message)
    assert answer["status"] == "OK", answer
    session_id: str = answer["entity"]["serviceSessionId"]
    return session_id


async def test_x09_the_visitor_is_invited_to_rate(vendor: Vendor) -> None:
    ref = await vendor.write(text())
    await vendor.told()
    await vendor.shop.step(invite_rating(vendor.shop.desk, vendor.shop.call(), ref))
    [told] = await vendor.told()
    assert told["msg"] == {"type": "txt", "msg": " "}
    assert told["ext"]["weichat"]["ctrlType"] == "inviteEnquiry"
    arguments = told["ext"]["weichat"]["ctrlArgs"]
    assert isinstance(arguments.pop("inviteId"), int)
    assert arguments == {"serviceSessionId": ref.id, "detail": None, "summary": None}


@pytest.mark.parametrize(("summary", "stars"), [("1", 1), (5, 5), ("5", 5), (3.0, 3)])
async def test_x10_c15_vector_x03_a_score_is_recorded(vendor: Vendor, summary: object, stars: int) -> None:
    ref = await vendor.write(text())
    before = (await vendor.shop.session(ref)).last_message_seq
    assert await rate(vendor, enquiry(summary, serviceSessionId=ref.id)) == ref.id
    session = await vendor.shop.session(ref)
    assert (session.rating, session.last_message_seq) == (stars, before)


@pytest.mark.parametrize("summary", ["0", 6, "", None, "好", 4.5, True, [], "5 ", "٣", 0, -1])
async def test_x10_c15_vector_x04_anything_else_is_stored_as_invalid(vendor: Vendor, summary: object) -> None:
    ref = await vendor.write(text())
    await rate(vendor, enquiry(summary))
    assert (await vendor.shop.session(ref)).rating is None
    assert await invalid(vendor, ref) == [InvalidRatingReason.NO_SCORE]


@pytest.mark.parametrize(
    "arguments", [{}, {"inviteId": ""}, {"inviteId": 0, "serviceSessionId": 0}, {"inviteId": None, "detail": None}]
)
async def test_x11_c16_c17_c18_vector_x05_one_that_names_nothing_goes_to_the_latest_session(
    vendor: Vendor, arguments: dict[str, Any]
) -> None:
    earlier = await vendor.write(text())
    await vendor.shop.close(earlier)
    latest = await vendor.write(text())
    given = {"summary": "4", **arguments}
    assert await rate(vendor, text(ctrlType="enquiry", ctrlArgs=given)) == latest.id
    assert (await vendor.shop.session(latest)).rating == 4


async def test_x10_one_after_the_end_opens_no_new_session(vendor: Vendor) -> None:
    ref = await vendor.write(text())
    await vendor.shop.close(ref)
    await rate(vendor, enquiry())
    assert (await vendor.newest()).ref == ref
    assert (await vendor.shop.kinds(ref))[-1] is EventKind.RATED


async def test_vector_x06_eight_hours_and_a_second_after_the_end_it_is_invalid(vendor: Vendor) -> None:
    ref = await vendor.write(text())
    await vendor.shop.close(ref)
    vendor.shop.clock.advance(8 * HOUR + SECOND)
    await rate(vendor, enquiry())
    assert (await vendor.shop.session(ref)).rating is None
    assert await invalid(vendor, ref) == [InvalidRatingReason.TOO_LATE]


async def test_a_second_one_changes_nothing(vendor: Vendor) -> None:
    ref = await vendor.write(text())
    await rate(vendor, enquiry("5"))
    await rate(vendor, enquiry("1"))
    assert ((await vendor.shop.session(ref)).rating, await invalid(vendor, ref)) == (5, [])


async def test_what_was_ticked_is_kept(vendor: Vendor) -> None:
    ref = await vendor.write(text())
    tags = [{"id": 1, "name": "热情"}, {"id": 2}, "x", {"name": 5}]
    await rate(vendor, enquiry("5", appraiseTags=tags, evaluateWay="visitor", resolutionParam=[]))
    kept = await ratings.load(vendor.shop.desk.store, TENANT, ref.id)
    assert kept is not None
    assert (kept.answers.tags, kept.answers.comment) == (("热情",), "很好")


async def test_one_of_a_session_that_is_not_his_is_refused(vendor: Vendor) -> None:
    others = await vendor.write(text(), "W")
    await vendor.write(text())
    assert await vendor.post(enquiry(serviceSessionId=others.id)) == failed("API_001")
    assert (await vendor.shop.session(others)).rating is None


@pytest.mark.parametrize("arguments", [None, [], "x", {}])
async def test_one_without_arguments_is_invalid(vendor: Vendor, arguments: object) -> None:
    ref = await vendor.write(text())
    await rate(vendor, text(ctrlType="enquiry", ctrlArgs=arguments))
    assert await invalid(vendor, ref) == [InvalidRatingReason.NO_SCORE]
