from collections.abc import AsyncIterator

import pytest
from shop import TENANT, Shop

from kefu.desk.tenants import create_tenant
from wire.easemob.vendor import (
    CLIENT_ID,
    OTHER_CLIENT_ID,
    OTHER_SECRET_ID,
    OTHER_TENANT,
    SECRET_ID,
    Vendor,
    client_of,
)


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    """Agents a and b in G1, c in no group, d in 售前, each with room for one; a partner with his token."""
    shop = Shop()
    await create_tenant(shop.desk, TENANT, "Shop", client_id=CLIENT_ID, secret_id=SECRET_ID)
    await create_tenant(shop.desk, OTHER_TENANT, "Other", client_id=OTHER_CLIENT_ID, secret_id=OTHER_SECRET_ID)
    for group in ("G1", "售前"):
        await shop.group(group)
    for name, groups in (("a", ["G1"]), ("b", ["G1"]), ("c", []), ("d", ["售前"])):
        await shop.agent(name, *groups)
    async with client_of(shop.desk) as http:
        vendor = Vendor(shop, http)
        await vendor.start()
        yield vendor
