"""H17 to H21 and H24: what is not offered says so, each call in its own way."""

import pytest

from wire.huawei.office import Page


async def test_h17_neither_is_supported(page: Page) -> None:
    answer = (await page.get("v1/checkClickToCallSupport", channel="WEB")).json()
    assert (answer["resultCode"], answer["webRTCSupported"], answer["clickToCallSupported"]) == ("0", False, False)


@pytest.mark.parametrize("ability", ["0", "1"])
async def test_h18_a_call_is_unsupported(page: Page, ability: str) -> None:
    assert (await page.ask("v1/createClickToCall", channel="WEB", mediaAbility=ability))["resultCode"] == "7"


async def test_h19_there_are_no_events(page: Page) -> None:
    answer = (await page.get("v1/getClickToCallEvents", channel="WEB")).json()
    assert (answer["resultCode"], answer["resultDesc"]) == ("0", "ClickToCall polled without any events")
    assert "eventId" not in answer


async def test_h20_there_is_no_call_to_drop(page: Page) -> None:
    assert (await page.ask("v1/dropClickToCall", channel="WEB"))["resultCode"] == "13"


async def test_h21_an_anonymous_call_is_refused(page: Page) -> None:
    page.headers = {name: value for name, value in page.headers.items() if name != "ccmessaging-token"}
    answer = await page.ask("v1/mobileagent/createcall", called="10086", callData="", callerPresent="0")
    assert answer["resultCode"] == "30010000"
    assert "resultData" not in answer


@pytest.mark.parametrize("path", ["getClickToCallEvents", "GETCLICKTOCALLEVENTS", "v1/getclicktocallevents"])
async def test_c28_a_path_may_be_written_in_any_case_and_without_v1(page: Page, path: str) -> None:
    assert (await page.get(path, channel="WEB")).json()["resultCode"] == "0"


@pytest.mark.parametrize(
    "path",
    [
        "chat_dropMail",
        "sendWhatsappMessage",
        "getUserInfoBycallId",
        "nothing",
        "",
        "/apigovernance/api/oauth/nothing",
    ],
)
async def test_h24_what_is_not_served_is_not_found(page: Page, path: str) -> None:
    answered = await page.post(path, {})
    assert (answered.status_code, answered.json()["errorCode"]) == (404, "0")


async def test_h24_a_wrong_method_is_not_found(page: Page) -> None:
    assert (await page.get("send")).status_code == 404
    assert (await page.post("poll", {})).status_code == 404
