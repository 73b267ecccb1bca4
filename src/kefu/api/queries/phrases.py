from kefu.api.context import Info
from kefu.desk.access import require_staff
from kefu.records import visitor_words


async def list_phrases(info: Info) -> list[str]:
    require_staff(info.context.by)
    return list(await visitor_words.phrases(info.context.desk.store, info.context.tenant))
