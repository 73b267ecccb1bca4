"""How far a process that follows every tenant's changes has come, for the one that comes after it."""

from kefu.records import keys
from kefu.store.port import Expect, Put, Record, Store


async def load(store: Store, name: str) -> str | None:
    [record] = await store.get([keys.follower(name)])
    return record.value if record else None


def write(name: str, position: str) -> Put:
    return Put(Record(key=keys.follower(name), value=position), Expect.ANY)
