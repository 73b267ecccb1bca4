"""Outside working hours an Easemob client is told why, and offers to leave a message."""

from kefu.domain.working_hours import WorkingHours
from wire.easemob.vendor import Vendor, text

CLOSED = WorkingHours(zone="Etc/UTC", special=(("2001-01-01", ((0, 60),)),), outside_text="明天见")


async def test_a_declined_visitor_is_told_why_and_offered_to_leave_a_message(vendor: Vendor) -> None:
    await vendor.shop.settings(working_hours=CLOSED)
    await vendor.told()
    ref = await vendor.write(text())
    assert await vendor.shop.where(ref) == "CLOSED"
    begun, why, offer, end = await vendor.told()
    assert begun["msg"]["action"] == "ServiceSessionCreatedEvent"
    assert why["msg"] == {"type": "txt", "msg": "明天见"}
    event = offer["ext"]["weichat"]["event"]
    assert (event["eventName"], event["eventObj"]["ticketEnable"]) == ("ServiceSessionWillScheduleTimeoutEvent", "true")
    assert end["ext"]["weichat"]["event"]["eventName"] == "ServiceSessionClosedEvent"
    assert end["ext"]["weichat"]["service_session"]["serviceSessionId"] == ref.id


async def test_the_offer_is_made_of_a_declined_session_alone(vendor: Vendor) -> None:
    await vendor.told()
    ref = await vendor.write(text())
    await vendor.shop.close(ref)
    told = [each["msg"].get("action") for each in await vendor.told()]
    assert "ServiceSessionWillScheduleTimeoutEvent" not in told
