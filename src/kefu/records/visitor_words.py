"""What visitors say beside their sessions: opinions of a bot's answers."""

from kefu.dataclass import dataclass
from kefu.domain.instants import Instant
from kefu.records import keys
from kefu.records.codec import Codec
from kefu.store.port import Expect, Put, Record, Store, Write


@dataclass(frozen=True, kw_only=True, slots=True)
class BotOpinion:
    is_good: bool
    comment: str = ""
    at: Instant


_opinions = Codec(BotOpinion)
_phrases = Codec(tuple[str, ...])


async def bot_opinion(store: Store, tenant: str, session_id: str, message: str) -> BotOpinion | None:
    [record] = await store.get([keys.bot_opinion(tenant, session_id, message)])
    return _opinions.decode(record.value) if record else None


def write_bot_opinion(tenant: str, session_id: str, message: str, said: BotOpinion) -> Write:
    """The latest opinion of an answer counts: a thumb can be turned."""
    return Put(Record(key=keys.bot_opinion(tenant, session_id, message), value=_opinions.encode(said)), Expect.ANY)


async def phrases(store: Store, tenant: str) -> tuple[str, ...]:
    [record] = await store.get([keys.phrases(tenant)])
    return _phrases.decode(record.value) if record else ()


def write_phrases(tenant: str, listed: tuple[str, ...]) -> Write:
    return Put(Record(key=keys.phrases(tenant), value=_phrases.encode(listed)), Expect.ANY)
