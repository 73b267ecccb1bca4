"""What a queue says of itself is so."""

import pytest

from api.company import AWAY, BUSY, HIDDEN, OFFLINE, Company

FIGURES = "queues { skillGroup { name } waiting vipWaiting oldestWaitingSince onlineAgents freeSlots }"


@pytest.fixture
async def shop(company: Company) -> Company:
    await company.group("G1")
    await company.agent("a", "G1", max_sessions=2)
    await company.agent("b", "G1", max_sessions=3)
    for name, status in (("busy", BUSY), ("away", AWAY), ("hidden", HIDDEN), ("offline", OFFLINE)):
        await company.agent(name, "G1", status=status, max_sessions=4)
    await company.agent("c", max_sessions=7)
    return company


async def figures(company: Company) -> dict[str, object]:
    queues = (await company.partner.ask(f"{{ {FIGURES} }}"))["queues"]
    [found] = [queue for queue in queues if queue["skillGroup"]["name"] == "G1"]
    return {key: value for key, value in found.items() if key != "skillGroup"}


async def test_with_nobody_waiting_a_queue_tells_who_serves_it(shop: Company) -> None:
    await shop.write("V", queueName="G1")
    assert await figures(shop) == {
        "waiting": 0, "vipWaiting": 0, "oldestWaitingSince": None, "onlineAgents": 2, "freeSlots": 4,
    }  # fmt: skip


async def test_with_everybody_full_a_queue_tells_who_waits(shop: Company) -> None:
    for number in range(5):
        await shop.write(f"V{number}", queueName="G1")
    oldest = await shop.write("W", queueName="G1")
    await shop.write("X", queueName="G1", tags=["gold"])
    assert await figures(shop) == {
        "waiting": 2, "vipWaiting": 1, "oldestWaitingSince": oldest["startedAt"], "onlineAgents": 2, "freeSlots": 0,
    }  # fmt: skip


async def test_queues_come_by_name_behind_the_default_groups(company: Company) -> None:
    for name in ("c", "b", "d"):
        await company.partner.do("skillGroupSave", name=name)
    told = await company.partner.ask("{ queues { skillGroup { name } } }")
    names = [each["skillGroup"]["name"] for each in told["queues"]]
    assert names == ["default", *sorted(names[1:])]
