from kefu.api.context import Info
from kefu.api.types.iframe import Iframe, load_iframe, load_iframes
from kefu.desk.access import STAFF, require_staff


async def list_iframes(info: Info) -> list[Iframe]:
    require_staff(info.context.by)
    return await load_iframes(info)


async def find_iframe(info: Info, parts: list[str]) -> Iframe | None:
    [iframe] = parts
    return await load_iframe(info, iframe) if info.context.by.role in STAFF else None
