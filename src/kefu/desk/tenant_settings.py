"""The tenant's choices. Some of them move who waits or how agents are ranked: then everything is looked at again."""

from collections.abc import Callable

from kefu.desk.arming import arm_first_sessions
from kefu.desk.attempts import attempt, commit
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.directory import DirectoryChanged, change_directory, group_not_found
from kefu.desk.input import named
from kefu.desk.sweep import agents_of, sweep
from kefu.domain.bounds import KEYWORDS_MAX
from kefu.domain.directory import Directory, Ranking, TenantSettings
from kefu.domain.instants import DAY, HOUR, SECOND
from kefu.domain.queueing import check_queueing
from kefu.domain.refusals import Invalid
from kefu.domain.timeouts import is_sooner, require_sensible
from kefu.records import agents, directories
from kefu.store.port import Write

_RATING_WINDOW_MS_MAX = 90 * DAY
_LEASE_MS_MIN = 30 * SECOND


async def update_settings(
    desk: Desk, call: Call, change: Callable[[TenantSettings], TenantSettings]
) -> DirectoryChanged:
    """`change` makes the new settings of the old. Raises `NotFound` if a channel names an unknown group."""

    async def update(directory: Directory) -> tuple[str, list[Write]]:
        settings = change(directory.settings)
        _check(settings)
        for channel in settings.channels:
            if channel.skill_group is not None and directory.group(channel.skill_group) is None:
                raise group_not_found("channels")
        return "settings", [directories.write_settings(call.tenant, settings)]

    before = (await attempt(desk, lambda desk, _: desk.directories.load(desk.store, call.tenant))).directory.settings
    changed = await change_directory(desk, call, update)
    after = (await attempt(desk, lambda desk, _: desk.directories.load(desk.store, call.tenant))).directory.settings
    if before.ranking is not after.ranking:
        await _rank_anew(desk, call.tenant, after.ranking)
    is_wait_changed = before.queueing.directed_wait_max_ms != after.queueing.directed_wait_max_ms
    if before.designated_offline_overflow is not after.designated_offline_overflow or is_wait_changed:
        await sweep(desk, call.tenant)
    if is_sooner(after.timeouts, before.timeouts):
        await arm_first_sessions(desk, call.tenant)
    return changed


def _check(settings: TenantSettings) -> None:
    named(settings.transfer_label, "transferLabel")
    if len(settings.transfer_keywords) > KEYWORDS_MAX:
        raise Invalid(f"At most {KEYWORDS_MAX} transferKeywords are accepted.", "transferKeywords")
    for keyword in settings.transfer_keywords:
        named(keyword, "transferKeywords")
    check_queueing(settings.queueing)
    if not 0 <= settings.rating_window_ms <= _RATING_WINDOW_MS_MAX:
        raise Invalid("ratingWindow must lie between 0 and 90 days.", "ratingWindow")
    if not _LEASE_MS_MIN <= settings.presence_lease_ms <= HOUR:
        raise Invalid("presenceLease must lie between 30 s and an hour.", "presenceLease")
    if not 0 <= settings.reassign_after_offline_ms <= DAY:
        raise Invalid("reassignAfterOffline must lie between 0 and a day.", "reassignAfterOffline")
    require_sensible(settings.timeouts)
    named(settings.timeouts.warning_text, "timeoutWarningText")


async def _rank_anew(desk: Desk, tenant: str, ranking: Ranking) -> None:
    async for listed in agents_of(desk, tenant):
        await _rank_one(desk, tenant, listed.login, ranking)


async def _rank_one(desk: Desk, tenant: str, login: str, ranking: Ranking) -> None:
    async def step(desk: Desk, _lost: int) -> None:
        loaded = await agents.load_one(desk.store, tenant, login)
        if loaded is not None:
            await commit(desk, [agents.write(tenant, loaded.value, loaded.version, ranking)])

    await attempt(desk, step)
