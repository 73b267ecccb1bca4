"""Webhooks of a tenant: made, changed, deleted."""

from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.access import require_staff
from kefu.desk.attempts import commit
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.input import named
from kefu.desk.once import attempt_once, mark
from kefu.desk.webhook_secrets import checked_secret, new_secret
from kefu.domain.bounds import NAME_LENGTH_MAX, TENCENT_QUERY_LENGTH_MAX, URL_LENGTH_MAX, WEBHOOKS_PER_TENANT_MAX
from kefu.domain.instants import Instant
from kefu.domain.log import EventKind
from kefu.domain.refusals import Invalid, NotFound, RefusalCode
from kefu.domain.web_target import TargetRefused, read_target
from kefu.domain.webhook import CLOCKS_DIFFER, Dialect, Webhook
from kefu.records import webhooks
from kefu.records.codec import Codec
from kefu.store.port import Expect


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookChange:
    """What is None stays as it is; without an id a webhook is made."""

    id: str | None = None
    url: str | None = None
    dialect: Dialect | None = None
    secret: str | None = None
    kinds: tuple[EventKind, ...] | None = None
    is_enabled: bool | None = None
    sdk_app_id: str | None = None
    customer_service_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookSaved:
    id: str
    secret: str | None = None
    """The one that was made here: it is told now and never again."""


_saved = Codec(WebhookSaved)
_deleted = Codec(str)


async def save_webhook(desk: Desk, call: Call, change: WebhookChange) -> WebhookSaved:
    """Raises `Invalid`, or `NotFound` with WEBHOOK_NOT_FOUND."""
    require_staff(call.by)

    async def save(desk: Desk, _lost: int) -> WebhookSaved:
        now = desk.clock.now()
        loaded = await webhooks.load(desk.store, call.tenant, change.id) if change.id is not None else None
        if change.id is not None and loaded is None:
            raise webhook_not_found("id")
        if loaded is None and len(await webhooks.load_all(desk.store, call.tenant)) >= WEBHOOKS_PER_TENANT_MAX:
            raise Invalid(f"A tenant has at most {WEBHOOKS_PER_TENANT_MAX} webhooks. Delete one first.")
        known = loaded.value if loaded else _new(desk.new_id(now), change, now)
        webhook = _changed(known, change, now, allows_private=desk.allows_private_webhooks)
        made = new_secret(desk.random) if webhook.dialect is Dialect.KEFU and not webhook.secret else None
        webhook = replace(webhook, secret=made or webhook.secret)
        saved = WebhookSaved(id=webhook.id, secret=made)
        write = webhooks.write(call.tenant, webhook, loaded.version if loaded else Expect.ABSENT)
        await commit(desk, [write, *mark(call, _saved, saved, now)])
        return saved

    saved, _ = await attempt_once(desk, call, _saved, save)
    return saved


async def delete_webhook(desk: Desk, call: Call, webhook_id: str) -> str:
    """What it was not told yet it is never told. Raises `NotFound`."""
    require_staff(call.by)

    async def delete(desk: Desk, _lost: int) -> str:
        if await webhooks.load(desk.store, call.tenant, webhook_id) is None:
            raise webhook_not_found("id")
        done = mark(call, _deleted, webhook_id, desk.clock.now())
        await commit(desk, [webhooks.delete(call.tenant, webhook_id), *done])
        return webhook_id

    deleted, _ = await attempt_once(desk, call, _deleted, delete)
    return deleted


def webhook_not_found(field: str) -> NotFound:
    return NotFound(RefusalCode.WEBHOOK_NOT_FOUND, "There is no such webhook. Use an id as webhooks gives it.", field)


def _new(webhook_id: str, change: WebhookChange, now: Instant) -> Webhook:
    if change.url is None:
        raise Invalid("A new webhook needs a url.", "url")
    dialect = change.dialect or Dialect.KEFU
    return Webhook(id=webhook_id, url=change.url, dialect=dialect, created_at=now, since=now - CLOCKS_DIFFER)


def _changed(known: Webhook, change: WebhookChange, now: Instant, *, allows_private: bool) -> Webhook:
    dialect = change.dialect or known.dialect
    webhook = replace(
        known,
        url=known.url if change.url is None else _checked_url(change.url, allows_private=allows_private),
        dialect=dialect,
        secret=known.secret if change.secret is None else change.secret,
        kinds=known.kinds if change.kinds is None else tuple(dict.fromkeys(change.kinds)),
        sdk_app_id=known.sdk_app_id if change.sdk_app_id is None else change.sdk_app_id,
        customer_service_id=known.customer_service_id
        if change.customer_service_id is None
        else change.customer_service_id,
    )
    if webhook.secret:
        checked_secret(webhook.secret, dialect)
    if dialect is Dialect.TENCENT:
        _check_tencent(webhook)
    if change.is_enabled and not known.is_enabled:
        return webhook.enabled(now)
    return webhook if change.is_enabled is not False else replace(webhook, is_enabled=False)


def _checked_url(url: str, *, allows_private: bool) -> str:
    try:
        read_target(url, allows_private=allows_private)
    except TargetRefused as refused:
        raise Invalid(str(refused), "url") from refused
    return url


def _check_tencent(webhook: Webhook) -> None:
    app_id = webhook.sdk_app_id
    if not (app_id.isascii() and app_id.isdecimal() and len(app_id) <= NAME_LENGTH_MAX):
        raise Invalid("A TENCENT webhook needs sdkAppId, a number: receivers hold it against their own.", "sdkAppId")
    if len(webhook.url) > URL_LENGTH_MAX - TENCENT_QUERY_LENGTH_MAX:
        room = URL_LENGTH_MAX - TENCENT_QUERY_LENGTH_MAX
        raise Invalid(f"The URL of a TENCENT webhook has at most {room} characters: parameters come behind it.", "url")
    if webhook.customer_service_id:
        named(webhook.customer_service_id, "customerServiceId")
