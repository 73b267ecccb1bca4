"""H1 and what authorises: access tokens, visitors' tokens, and what either is good for."""

import httpx
import pytest
from shop import TENANT

from kefu.desk.bearer_tokens import NoSuchToken, caller_of
from kefu.domain.instants import MINUTE
from wire.huawei.office import APP_KEY, CLIENT_ID, ENTRY, OTHER_TENANT, PNG, SECRET, SECRET_ID, Office, Page

TOKEN_PATH = "/apigovernance/api/oauth/tokenByAkSk"


async def access(http: httpx.AsyncClient, **headers: str) -> httpx.Response:
    return await http.post(TOKEN_PATH, json={"app_key": APP_KEY, "app_secret": SECRET_ID}, headers=headers)


async def test_h01_an_access_token_is_told_as_the_vendor_tells_it(office: Office) -> None:
    told = (await access(office.http, **{"x-token-expire": "900"})).json()
    assert told.pop("AccessToken")
    assert told == {
        "ApplyType": "Bearer",
        "CreateTime": "2026-01-01 00:00:00",
        "Expires": "900",
        "Scope": "",
        "AppKey": APP_KEY,
        "UserID": "Anonymous",
    }


@pytest.mark.parametrize("life", ["0", "3601", "-1", "soon", "", "1e2", "9" * 40, "٣"])
async def test_h01_a_life_out_of_bounds_is_a_bad_request(office: Office, life: str) -> None:
    headers = httpx.Headers({"x-token-expire": life}, encoding="utf-8")
    asked = {"app_key": APP_KEY, "app_secret": SECRET_ID}
    assert (await office.http.post(TOKEN_PATH, json=asked, headers=headers)).status_code == 400


@pytest.mark.parametrize(
    ("app_key", "app_secret"),
    [
        (APP_KEY, "wrong"),
        (f"{TENANT}-wrong", SECRET_ID),
        (f"99999-{CLIENT_ID}", SECRET_ID),
        (CLIENT_ID, SECRET_ID),
        ("#", "#"),
    ],
)
async def test_h01_wrong_credentials_are_refused(office: Office, app_key: str, app_secret: str) -> None:
    answered = await office.http.post(TOKEN_PATH, json={"app_key": app_key, "app_secret": app_secret})
    assert (answered.status_code, answered.json()["errorCode"]) == (403, "0")


async def test_h01_apply_token_gives_a_token_as_json(page: Page) -> None:
    answered = await page.ask("applyToken", **page.identity, locale="en")
    assert answered["resultCode"] == "0"
    assert isinstance(answered["token"], str)


@pytest.mark.parametrize("user", ["", " ", "x" * 33, "a\x00b", None, 5, ["x"]])
async def test_h01_apply_token_refuses_what_is_no_user_id(page: Page, user: object) -> None:
    assert (await page.ask("applyToken", userId=user, userName="n", channelId=ENTRY))["resultCode"] == "1"


async def test_w15_c25_a_user_id_of_32_characters_is_accepted_by_all_calls(office: Office) -> None:
    page = await office.page("x" * 32)
    answers = [
        await page.connect(),
        await page.send("CHAT", "你好"),
        await page.rate(),
        await page.history(),
        await page.ask("doLeaveMessage", callId=page.user, caller="13800000000", leaveMessage="call", channel="WEB"),
        await page.upload(PNG, "png"),
        (await page.get("v1/checkClickToCallSupport", channel="WEB")).json(),
    ]
    assert [each["resultCode"] for each in answers] == ["0"] * 7
    opinion = {"feedback": 1, "from": page.user, "interIdx": "1"}
    assert (await page.ask("v1/robot/feedbacksatisfaction", **opinion))["resultCode"] == "30000000019"
    assert (await page.queue())["resultCode"] == "160021"
    assert await page.poll()


CALLS = ("send", "queryQueueInfo", "uploadFileStream", "doLeaveMessage", "v1/createClickToCall")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("token", ["", "wrong", "a.b.c", '"', "%ZZ"])
async def test_w08_a_wrong_visitors_token_is_unauthorised(page: Page, call: str, token: str) -> None:
    answered = await page.post(call, {}, **{"ccmessaging-token": token})
    assert (answered.status_code, answered.json()["errorCode"]) == (401, "0")


@pytest.mark.parametrize("header", ["authorization", "x-app-key", "ccmessaging-token"])
async def test_w08_each_header_is_needed(page: Page, header: str) -> None:
    page.headers = {name: value for name, value in page.headers.items() if name != header}
    assert (await page.get("poll", receiverId=page.user, channel="WEB")).status_code == 401


async def test_w08_tokens_end(office: Office, page: Page) -> None:
    office.shop.clock.advance(61 * MINUTE)
    assert (await page.post("send", page.sent("CONNECT"))).status_code == 401


async def test_one_kind_of_token_is_not_the_other(page: Page) -> None:
    access_token = page.headers["authorization"].partition(" ")[2]
    answered = await page.post("send", page.sent("CONNECT"), **{"ccmessaging-token": access_token})
    assert answered.status_code == 401


@pytest.mark.parametrize("of", ["authorization", "ccmessaging-token"])
async def test_neither_token_opens_the_desks_own_api(office: Office, page: Page, of: str) -> None:
    with pytest.raises(NoSuchToken):
        await caller_of(office.shop.desk, page.headers[of].removeprefix("Bearer "), SECRET)


async def test_another_tenants_access_does_not_carry_this_ones_visitor(office: Office, page: Page) -> None:
    theirs = await Page(http=office.http).enter(app_key=f"{OTHER_TENANT}-{CLIENT_ID}")
    mixed = {**theirs.headers, "ccmessaging-token": page.headers["ccmessaging-token"]}
    page.headers = mixed
    assert (await page.post("send", page.sent("CONNECT"))).status_code == 401


@pytest.mark.parametrize("written", ['"{}"', " {} ", '"{}" '])
async def test_c31_a_quoted_token_is_read(page: Page, written: str) -> None:
    page.headers = {**page.headers, "ccmessaging-token": written.format(page.headers["ccmessaging-token"])}
    assert (await page.connect())["resultCode"] == "0"


async def test_c34_a_percent_encoded_token_is_read(page: Page) -> None:
    encoded = page.headers["ccmessaging-token"].replace(".", "%2E")
    page.headers = {**page.headers, "ccmessaging-token": encoded}
    assert (await page.connect())["resultCode"] == "0"


async def test_a_newer_token_comes_in_the_replys_header(office: Office, page: Page) -> None:
    assert "ccmessaging-token" not in (await page.post("send", page.sent("CONNECT"))).headers
    office.shop.clock.advance(31 * MINUTE)
    asked = {"app_key": APP_KEY, "app_secret": SECRET_ID}
    told = (await office.http.post(TOKEN_PATH, json=asked)).json()
    page.headers = {**page.headers, "authorization": f"Bearer {told['AccessToken']}"}
    newer = (await page.post("send", page.sent("CHAT", "hi"))).headers["ccmessaging-token"]
    office.shop.clock.advance(9 * MINUTE)
    page.headers = {**page.headers, "ccmessaging-token": newer}
    assert (await page.send("CHAT", "hi"))["resultCode"] == "0"


async def test_a_body_for_another_user_is_refused(page: Page) -> None:
    assert (await page.send("CONNECT", "hello", **{"from": "another"}))["resultCode"] == "1"
