"""The calls as a server has them: through the app that `kefu serve` builds, and its settings."""

from pathlib import Path

import httpx
import pytest
from shop import TENANT, Shop

from kefu.bootstrap import blobs_of, build_app
from kefu.desk.tenants import create_tenant
from kefu.settings import Settings, SettingWrong, read_settings
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
