"""CRM windows at the desk."""

from shop import TENANT, Shop

from kefu.desk.iframes import IframeChange, save_iframe


async def test_c11_windows_made_in_one_millisecond_keep_their_order() -> None:
    """Their ids do not tell."""
    shop = Shop()
    names = [f"window {number}" for number in range(12)]
    for name in names:
        await save_iframe(shop.desk, shop.call(), IframeChange(name=name, url="https://crm.example/"))
    directory = (await shop.desk.directories.load(shop.desk.store, TENANT)).directory
    assert [each.name for each in directory.iframes] == names
