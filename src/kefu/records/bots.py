"""How a tenant's bot is set up: one record, moved by every change, and one for each question it can answer."""

from dataclasses import field

from kefu.dataclass import dataclass
from kefu.domain.bot import BotConfiguration, FaqEntry
from kefu.domain.bounds import FAQ_ENTRIES_MAX
from kefu.records import keys
from kefu.records.codec import Codec
from kefu.store.port import Delete, Expect, Put, Record, Span, Store, Write

_PAGE = 200

_configurations = Codec(BotConfiguration)
_entries = Codec(FaqEntry)


@dataclass(frozen=True, slots=True)
class LoadedBot:
    configuration: BotConfiguration
    faq: tuple[FaqEntry, ...]
    version: int
    """Every change of the bot moves it. 0 before the first."""


@dataclass(slots=True)
class BotSetups:
    """Reads bots of a store, the questions at most once per change of them."""

    _kept: dict[str, LoadedBot] = field(default_factory=dict)

    async def load(self, store: Store, tenant: str) -> LoadedBot:
        [record] = await store.get([keys.bot(tenant)])
        version = record.version if record else 0
        kept = self._kept.get(tenant)
        if kept is None or kept.version != version:
            configuration = _configurations.decode(record.value) if record else BotConfiguration()
            kept = LoadedBot(configuration, await _faq(store, tenant) if record else (), version)
            self._kept[tenant] = kept
        return kept


async def _faq(store: Store, tenant: str) -> tuple[FaqEntry, ...]:
    found: list[FaqEntry] = []
    after = keys.FAQ[0]
    for _ in range(FAQ_ENTRIES_MAX // _PAGE + 1):
        page = await store.scan(keys.bot_partition(tenant), Span(after=after, before=keys.FAQ[1], limit=_PAGE))
        found.extend(_entries.decode(record.value) for record in page.records)
        if not page.has_more:
            break
        after = page.records[-1].key.sort
    return tuple(found)


def write(tenant: str, configuration: BotConfiguration, version: int) -> Write:
    """Every change of the bot carries this: changes of one tenant's bot come one after another."""
    record = Record(key=keys.bot(tenant), value=_configurations.encode(configuration))
    return Put(record, version or Expect.ABSENT)


def write_entry(tenant: str, entry: FaqEntry) -> Write:
    return Put(Record(key=keys.faq_entry(tenant, entry.question), value=_entries.encode(entry)), Expect.ANY)


def delete_entry(tenant: str, question: str) -> Write:
    return Delete(keys.faq_entry(tenant, question), Expect.PRESENT)
