from kefu.api.context import Info
from kefu.api.types.binding_rule import BindingRule
from kefu.desk.access import require_staff
from kefu.domain import binding_rules as domain


async def list_binding_rules(info: Info) -> list[BindingRule]:
    require_staff(info.context.by)
    return [BindingRule.of(rule) for rule in await load_rules(info)]


async def load_rules(info: Info) -> tuple[domain.BindingRule, ...]:
    context = info.context
    return (await context.desk.directories.load(context.desk.store, context.tenant)).directory.binding_rules
