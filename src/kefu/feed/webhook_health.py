"""An endpoint that takes nothing for days is switched off, and says so."""

import logging
from contextlib import suppress

from kefu.desk.attempts import attempt, commit_alone
from kefu.desk.desk import Desk
from kefu.domain.refusals import Declined
from kefu.domain.webhook import Webhook
from kefu.records import webhooks

log = logging.getLogger("kefu.feed.webhooks")


async def note_health(desk: Desk, tenant: str, seen: Webhook, *, is_taken: bool) -> None:
    """Writes only when it begins to fail, takes again, or is switched off."""
    if _after(desk, seen, is_taken=is_taken) is seen:
        return

    async def step(desk: Desk, _: int) -> None:
        loaded = await webhooks.load(desk.store, tenant, seen.id)
        if loaded is None:
            return
        after = _after(desk, loaded.value, is_taken=is_taken)
        if after is not loaded.value:
            await commit_alone(desk, webhooks.write(tenant, after, loaded.version))
        if loaded.value.is_enabled and not after.is_enabled:
            log.warning("webhook %s of tenant %s took nothing for five days and was switched off", seen.id, tenant)

    with suppress(Declined):  # lanes that fail at once all want to say so; one of them does
        await attempt(desk, step)


def _after(desk: Desk, webhook: Webhook, *, is_taken: bool) -> Webhook:
    return webhook.taken() if is_taken else webhook.failed(desk.clock.now())
