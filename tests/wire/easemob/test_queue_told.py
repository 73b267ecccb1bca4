"""What an Easemob client is told of its place in the queue, and of a queue that is full."""

from kefu.desk.directory import GroupChange, save_group
from kefu.domain.queueing import FULL_TEXT, Queueing
from wire.easemob.vendor import Vendor, text

TOLD = Queueing(announces_place=True, place_text="第 {position} 位。")


async def test_joining_a_line_is_told_with_the_place(vendor: Vendor) -> None:
    await vendor.shop.settings(queueing=TOLD)
    await vendor.write(text(queueName="售前"), "busy")
    await vendor.told()
    ref = await vendor.write(text(queueName="售前"))
    told = await vendor.told()
    queued = [each for each in told if "第" in each["msg"].get("msg", "")]
    assert [each["msg"] for each in queued] == [{"type": "txt", "msg": "第 1 位。"}]
    weichat = queued[0]["ext"]["weichat"]
    assert weichat["event"]["eventName"] == "ServiceSessionTransferedToAgentQueueEvent"
    assert weichat["service_session"]["serviceSessionId"] == ref.id


async def test_a_full_queue_is_told_and_the_client_offers_to_leave_a_message(vendor: Vendor) -> None:
    shop = vendor.shop
    change = GroupChange(id=shop.groups["售前"], name="售前", queue_length_max=0)
    await shop.step(save_group(shop.desk, shop.call(), change))
    await vendor.write(text(queueName="售前"), "busy")
    await vendor.told()
    await vendor.write(text(queueName="售前"))
    told = await vendor.told()
    events = [each["ext"]["weichat"].get("event", {}).get("eventName") for each in told]
    assert events[-2:] == ["ServiceSessionWillScheduleTimeoutEvent", "ServiceSessionClosedEvent"]
    [offer] = [each for each, name in zip(told, events, strict=True) if name == events[-2]]
    assert offer["ext"]["weichat"]["event"]["eventObj"]["ticketEnable"] == "true"
    assert FULL_TEXT in [each["msg"].get("msg") for each in told]
