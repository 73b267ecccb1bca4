"""The tenant's directory: small records read whole, kept in the process for as long as their head stands still."""

from dataclasses import field
from functools import cache
from operator import attrgetter

from kefu.dataclass import dataclass
from kefu.domain.directory import BusinessSource, Directory, RoutingRule, TenantSettings
from kefu.domain.iframe import Iframe
from kefu.domain.skill_group import SkillGroup
from kefu.records import binding_rules, keys
from kefu.records.codec import Codec
from kefu.store.port import Delete, Expect, Put, Record, Span, Store, Write

_PAGE = 1_000

_settings = Codec(TenantSettings)
_groups = Codec(SkillGroup)
_rules = Codec(RoutingRule)
_sources = Codec(BusinessSource)
_profiles = Codec(tuple[str, ...])


@dataclass(frozen=True, slots=True)
class LoadedDirectory:
    directory: Directory
    head: int
    """Version of the head record; every change of the directory moves it. 0 before the first."""


@dataclass(slots=True)
class Directories:
    """Reads directories of a store, each at most once per change of it.

    The head is read, strongly consistent, at every use: a stale group or routing profile is never the reason
    that a free agent is not seen.
    """

    _kept: dict[str, LoadedDirectory] = field(default_factory=dict)

    def last_known(self, tenant: str) -> Directory | None:
        """As it was when it was last loaded here: to guess by, not to decide by."""
        kept = self._kept.get(tenant)
        return kept.directory if kept else None

    async def load(self, store: Store, tenant: str) -> LoadedDirectory:
        [head] = await store.get([keys.config_head(tenant)])
        version = head.version if head else 0
        kept = self._kept.get(tenant)
        if kept is None or kept.head != version:
            kept = LoadedDirectory(await _read(store, tenant), version)
            self._kept[tenant] = kept
        return kept


async def _read(store: Store, tenant: str) -> Directory:
    records: list[Record] = []
    after, before = keys.CONFIG
    while (
        page := await store.scan(keys.config_partition(tenant), Span(after=after, before=before, limit=_PAGE))
    ).records:
        records.extend(page.records)
        after = page.records[-1].key.sort
        if not page.has_more:
            break
    return _assemble(records)


def _assemble(records: list[Record]) -> Directory:
    def values(kind: str) -> dict[str, str]:
        prefix = f"CONFIG#{kind}"
        return {each.key.sort: each.value for each in records if each.key.sort.startswith(prefix)}

    settings = [_settings.decode(text) for text in values("SETTINGS").values()]
    groups = [_groups.decode(text) for text in values("GROUP#").values()]
    rules = [_rules.decode(text) for text in values("RULE#").values()]
    profiles = {
        keys.unpart(sort.removeprefix("CONFIG#PROFILES#")): _profiles.decode(text)
        for sort, text in values("PROFILES#").items()
    }
    return Directory(
        settings=settings[0] if settings else TenantSettings(),
        groups={group.id: group for group in groups},
        rules={rule.routing_rule_flag: rule for rule in rules},
        sources=tuple(_sources.decode(text) for text in values("SOURCE#").values()),
        binding_rules=tuple(binding_rules.decode_rule(text) for _, text in sorted(values("BINDINGRULE#").items())),
        iframes=tuple(
            sorted((_iframes().decode(text) for text in values("IFRAME#").values()), key=attrgetter("number"))
        ),
        profiles=profiles,
    )


def decode_settings(text: str) -> TenantSettings:
    return _settings.decode(text)


def decode_group(text: str) -> SkillGroup:
    return _groups.decode(text)


def write_head(tenant: str, loaded: LoadedDirectory) -> Write:
    """Every change of the directory carries this: changes of one tenant's directory come one after another."""
    return Put(Record(key=keys.config_head(tenant), value="{}"), loaded.head or Expect.ABSENT)


def write_settings(tenant: str, settings: TenantSettings) -> Write:
    return Put(Record(key=keys.settings(tenant), value=_settings.encode(settings)), Expect.ANY)


def write_group(tenant: str, group: SkillGroup) -> Write:
    return Put(Record(key=keys.group(tenant, group.id), value=_groups.encode(group)), Expect.ANY)


def delete_group(tenant: str, group_id: str) -> Write:
    return Delete(keys.group(tenant, group_id), Expect.PRESENT)


def write_rule(tenant: str, rule: RoutingRule) -> Write:
    key = keys.rule(tenant, rule.routing_rule_flag)
    return Put(Record(key=key, value=_rules.encode(rule)), Expect.ANY)


def delete_rule(tenant: str, flag: str) -> Write:
    return Delete(keys.rule(tenant, flag), Expect.PRESENT)


def write_source(tenant: str, source: BusinessSource) -> Write:
    key = keys.source(tenant, source.business_flag, source.channel)
    return Put(Record(key=key, value=_sources.encode(source)), Expect.ANY)


@cache
def _iframes() -> Codec[Iframe]:
    """Made where a tenant has windows: it takes a while."""
    return Codec(Iframe)


def write_iframe(tenant: str, iframe: Iframe) -> Write:
    return Put(Record(key=keys.iframe(tenant, iframe.id), value=_iframes().encode(iframe)), Expect.ANY)


def delete_iframe(tenant: str, iframe_id: str) -> Write:
    return Delete(keys.iframe(tenant, iframe_id), Expect.PRESENT)


def write_profiles(tenant: str, group_id: str, profiles: tuple[str, ...]) -> Write:
    """Which routing profiles serve a group."""
    return Put(Record(key=keys.profiles(tenant, group_id), value=_profiles.encode(profiles)), Expect.ANY)
