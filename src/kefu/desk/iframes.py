"""CRM windows of a tenant: made, changed, deleted."""

from dataclasses import replace

from kefu.dataclass import dataclass
from kefu.desk.call import Call
from kefu.desk.desk import Desk
from kefu.desk.directory import DirectoryChanged, change_directory
from kefu.desk.input import named
from kefu.domain.bounds import IFRAMES_PER_TENANT_MAX, INTERACTIONS_MAX
from kefu.domain.directory import Directory
from kefu.domain.iframe import KEY_LENGTH_SHORT, CipherMode, Iframe, Interaction, UrlRefused, read_window_url
from kefu.domain.refusals import Declined, Invalid, NotFound, RefusalCode
from kefu.records import directories
from kefu.store.port import Write


@dataclass(frozen=True, kw_only=True, slots=True)
class IframeChange:
    """What is None stays as it is; without an id a window is made."""

    id: str | None = None
    name: str | None = None
    url: str | None = None
    key: str | None = None
    """Empty: from now on everything is plain."""
    allows_short_key: bool = False
    """Whether a key of exactly eight characters will do."""
    cipher_mode: CipherMode | None = None
    encrypts_system_parameters: bool | None = None
    encrypts_custom_parameters: bool | None = None
    syncs_messages: bool | None = None
    language: str | None = None
    easemob_id: str | None = None
    service_number: str | None = None
    interactions: tuple[Interaction, ...] | None = None


async def save_iframe(desk: Desk, call: Call, change: IframeChange) -> DirectoryChanged:
    """Raises `Invalid`, `NotFound` with IFRAME_NOT_FOUND, or `Declined` with INTERACTIVE_FLAG_TAKEN."""

    async def save(directory: Directory) -> tuple[str, list[Write]]:
        iframe = _changed(_known(desk, directory, change), change)
        _require_free_flags(directory, iframe)
        return iframe.id, [directories.write_iframe(call.tenant, iframe)]

    return await change_directory(desk, call, save)


async def delete_iframe(desk: Desk, call: Call, iframe_id: str) -> DirectoryChanged:
    """The next window moves up: a first one is shown in more places. Raises `NotFound`."""

    async def delete(directory: Directory) -> tuple[str, list[Write]]:
        if all(each.id != iframe_id for each in directory.iframes):
            raise iframe_not_found()
        return iframe_id, [directories.delete_iframe(call.tenant, iframe_id)]

    return await change_directory(desk, call, delete)


def iframe_not_found() -> NotFound:
    return NotFound(RefusalCode.IFRAME_NOT_FOUND, "There is no such CRM window. Use an id as iframes gives it.", "id")


def _known(desk: Desk, directory: Directory, change: IframeChange) -> Iframe:
    if change.id is not None:
        found = next((each for each in directory.iframes if each.id == change.id), None)
        if found is None:
            raise iframe_not_found()
        return found
    if change.name is None or change.url is None:
        missing = "name" if change.name is None else "url"
        raise Invalid(f"A new CRM window needs a {missing}.", missing)
    if len(directory.iframes) >= IFRAMES_PER_TENANT_MAX:
        raise Invalid(f"A tenant has at most {IFRAMES_PER_TENANT_MAX} CRM windows. Delete one first.", "id")
    number = 1 + max((each.number for each in directory.iframes), default=0)
    return Iframe(id=desk.new_id(desk.clock.now()), number=number, name=change.name, url=change.url)


def _changed(known: Iframe, change: IframeChange) -> Iframe:
    iframe = replace(
        known,
        name=known.name if change.name is None else named(change.name, "name"),
        url=known.url if change.url is None else _checked_url(change.url),
        key=known.key if change.key is None else _checked_key(change),
        cipher_mode=change.cipher_mode or known.cipher_mode,
        encrypts_system_parameters=_kept(change.encrypts_system_parameters, known.encrypts_system_parameters),
        encrypts_custom_parameters=_kept(change.encrypts_custom_parameters, known.encrypts_custom_parameters),
        syncs_messages=_kept(change.syncs_messages, known.syncs_messages),
        language=_text(change.language, known.language, "language"),
        easemob_id=_text(change.easemob_id, known.easemob_id, "easemobId"),
        service_number=_text(change.service_number, known.service_number, "serviceNumber"),
        interactions=known.interactions if change.interactions is None else _checked_interactions(change.interactions),
    )
    if not iframe.key and (iframe.encrypts_system_parameters or iframe.encrypts_custom_parameters):
        raise Invalid("Without a key nothing is encrypted. Set a key, or leave the values plain.", "key")
    return iframe


def _checked_url(url: str) -> str:
    try:
        return read_window_url(url)
    except UrlRefused as refused:
        raise Invalid(str(refused), "url") from refused


def _checked_key(change: IframeChange) -> str:
    key = change.key or ""
    if not key:
        return key
    named(key, "key")
    if len(key) > KEY_LENGTH_SHORT or (len(key) == KEY_LENGTH_SHORT and change.allows_short_key):
        return key
    raise Invalid(
        f"key has {len(key)} characters; more than {KEY_LENGTH_SHORT} are asked for, of which DES takes the first eight "
        f"bytes. A page that holds one of exactly {KEY_LENGTH_SHORT}: send allowsShortKey.",
        "key",
    )


def _checked_interactions(interactions: tuple[Interaction, ...]) -> tuple[Interaction, ...]:
    if len(interactions) > INTERACTIONS_MAX:
        raise Invalid(f"At most {INTERACTIONS_MAX} interactions are accepted.", "interactions")
    for each in interactions:
        named(each.interactive_flag, "interactions")
        named(each.button_label, "interactions")
    if len({each.interactive_flag for each in interactions}) < len(interactions):
        raise Invalid("One flag stands in two interactions. Name each once.", "interactions")
    return interactions


def _require_free_flags(directory: Directory, iframe: Iframe) -> None:
    flags = {each.interactive_flag for each in iframe.interactions}
    for other in directory.iframes:
        taken = flags & {each.interactive_flag for each in other.interactions}
        if other.id != iframe.id and taken:
            raise Declined(
                RefusalCode.INTERACTIVE_FLAG_TAKEN,
                f"The flag {min(taken)} leads to the window {other.name}. Take it from there first.",
                "interactions",
            )


def _text(given: str | None, known: str, field: str) -> str:
    if given is None:
        return known
    return named(given, field) if given else ""


def _kept(given: bool | None, known: bool) -> bool:  # noqa: FBT001  one of two
    return known if given is None else given
