from kefu.api.context import Info
from kefu.api.pagination import After, Connection, First, Window, connect, cut, window
from kefu.api.types.bot import Bot, FaqEntry
from kefu.desk.access import require_staff
from kefu.domain import bot as domain


async def read_bot(info: Info) -> Bot:
    require_staff(info.context.by)
    return await load_bot(info)


async def list_faq_entries(info: Info, first: First = None, after: After = None) -> Connection[FaqEntry]:
    require_staff(info.context.by)
    context = info.context
    known = await context.desk.bot_setups.load(context.desk.store, context.tenant)
    whole = sorted(known.faq, key=_place)

    async def fetch(asked: Window) -> tuple[list[domain.FaqEntry], bool]:
        return cut(whole, asked, _place)

    return await connect(window("faq", first, after), fetch, place=_place, node=FaqEntry.of)


async def load_bot(info: Info) -> Bot:
    context = info.context
    return Bot.of((await context.desk.bot_setups.load(context.desk.store, context.tenant)).configuration)


async def load_faq(info: Info) -> list[FaqEntry]:
    context = info.context
    return [FaqEntry.of(each) for each in (await context.desk.bot_setups.load(context.desk.store, context.tenant)).faq]


def _place(entry: domain.FaqEntry) -> str:
    return entry.question
