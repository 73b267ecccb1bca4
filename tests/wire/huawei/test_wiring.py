"""The calls as a server has them: through the app that `kefu serve` builds, and its settings."""

from pathlib import Path

import httpx
import pytest
from shop import TENANT, Shop

from kefu.bootstrap import blobs_of, build_app
from kefu.desk.tenants import create_tenant
from kefu.settings import Environment, Settings, SettingWrong, read_settings, require_shared
from wire.huawei.office import CLIENT_ID, PNG, SECRET, SECRET_ID, Page


async def test_a_file_goes_up_and_down_through_the_whole_app(tmp_path: Path) -> None:
    shop, settings = Shop(), Settings(blobs=f"folder:{tmp_path / 'files'}")
    await create_tenant(shop.desk, TENANT, "Shop", client_id=CLIENT_ID, secret_id=SECRET_ID)
    transport = httpx.ASGITransport(app=build_app(shop.desk, settings, SECRET))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
        page = await Page(http=http).enter()
        key = (await page.upload(PNG, "png"))["objectKey"]
        assert (await page.download(key))["resultCode"] == "0"
    assert (tmp_path / "files" / TENANT / key).read_bytes() == PNG


def test_where_files_lie_is_a_setting() -> None:
    assert read_settings({"KEFU_BLOBS": "s3:files"}).blobs == "s3:files"


def test_a_place_that_is_none_stops_the_start() -> None:
    with pytest.raises(SettingWrong, match="KEFU_BLOBS"):
        blobs_of(Settings(blobs="ftp:files"))


def test_over_a_table_that_many_serve_the_place_of_files_must_be_said() -> None:
    with pytest.raises(SettingWrong, match="KEFU_BLOBS must be set"):
        require_shared(Settings(store="dynamodb:kefu", secret=SECRET))
    require_shared(Settings(store="dynamodb:kefu", secret=SECRET, blobs="s3:files"))
    require_shared(Settings(store="sqlite:kefu.db"))


SHOP_PAGE = "https://shop.example"
PRODUCTION = Settings(store="memory:", environment=Environment.PRODUCTION, allowed_origins=(SHOP_PAGE,))


async def _from_page(method: str, origin: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=build_app(Shop().desk, PRODUCTION, SECRET))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
        path = "/apiaccess/ccmessaging/send"
        return await http.request(method, path, headers={"origin": origin, **headers})


ASKS = {"access-control-request-method": "POST", "access-control-request-headers": "ccmessaging-token,x-app-key"}


async def test_a_page_of_an_allowed_origin_may_call() -> None:
    asked = await _from_page("OPTIONS", SHOP_PAGE, **ASKS)
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, SHOP_PAGE)
    assert "ccmessaging-token" in asked.headers["access-control-allow-headers"]


async def test_a_page_of_an_allowed_origin_may_read_its_newer_token() -> None:
    answered = await _from_page("POST", SHOP_PAGE)
    assert answered.headers["access-control-allow-origin"] == SHOP_PAGE
    assert answered.headers["access-control-expose-headers"] == "ccmessaging-token"


async def test_a_page_of_another_origin_may_not_call() -> None:
    asked = await _from_page("OPTIONS", "https://elsewhere.example", **ASKS)
    assert (asked.status_code, "access-control-allow-origin" in asked.headers) == (400, False)


@pytest.mark.parametrize(("proto", "status"), [("http", 400), ("HTTP", 400), ("https", 401)])
async def test_c08_in_production_plain_http_is_refused_and_not_redirected(proto: str, status: int) -> None:
    """401 is the door's own answer to a call without tokens."""
    answered = await _from_page("POST", SHOP_PAGE, **{"x-forwarded-proto": proto})
    assert answered.status_code == status
    assert "location" not in answered.headers


async def test_h24_a_call_of_the_agents_workbench_is_not_found() -> None:
    transport = httpx.ASGITransport(app=build_app(Shop().desk, PRODUCTION, SECRET))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
        answered = await http.post("/apiaccess/rest/workbench/v1/getUserInfoBycallId", json={"callId": "1"})
    assert answered.status_code == 404
