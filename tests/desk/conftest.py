import pytest
from shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def g1_and_presales(shop: Shop) -> Shop:
    """Agents a, b in G1, c in no group, d in 售前, as the examples have them. Each has room for one."""
    await shop.group("G1")
    await shop.group("售前")
    await shop.agent("a", "G1")
    await shop.agent("b", "G1")
    await shop.agent("c")
    await shop.agent("d", "售前")
    return shop
