from datetime import datetime
from typing import Annotated

import strawberry

from kefu.api import define
from kefu.api.context import Info, to_datetime
from kefu.api.errors import UserError, refusals_as_data
from kefu.api.mutations.message import KEY
from kefu.desk.bearer_tokens import Grant, issue_agent_token, issue_visitor_token, sign
from kefu.desk.call import Caller


@define.input(description="For which agent.")
class AgentTokenIssueInput:
    user_name: str = strawberry.field(description="Login e-mail.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.input(description="For which visitor.")
class VisitorTokenIssueInput:
    visitor_user_name: str = strawberry.field(description="The visitor's user name; he need not have written yet.")
    client_mutation_key: str | None = strawberry.field(default=None, description=KEY)


@define.type(description="A token to hand to an agent's client.")
class AgentTokenIssuePayload:
    token: str | None = strawberry.field(default=None, description="Send it as Authorization: Bearer ….")
    expires_at: datetime | None = strawberry.field(default=None, description="Until when it holds.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


@define.type(description="A token to hand to a visitor's client.")
class VisitorTokenIssuePayload:
    token: str | None = strawberry.field(default=None, description="Send it as Authorization: Bearer ….")
    expires_at: datetime | None = strawberry.field(default=None, description="Until when it holds.")
    user_errors: list[UserError] = strawberry.field(default_factory=list, description="Why it was declined.")


ForAgent = Annotated[AgentTokenIssueInput, strawberry.argument(description="For whom.")]
ForVisitor = Annotated[VisitorTokenIssueInput, strawberry.argument(description="For whom.")]


@refusals_as_data(AgentTokenIssuePayload)
async def agent_token_issue(info: Info, input: ForAgent) -> AgentTokenIssuePayload:  # noqa: A002  the contract's name
    call = info.context.call("agentTokenIssue", input)
    grant = await issue_agent_token(info.context.desk, call, input.user_name)
    return AgentTokenIssuePayload(token=_signed(info, grant), expires_at=to_datetime(grant.expires_at))


@refusals_as_data(VisitorTokenIssuePayload)
async def visitor_token_issue(info: Info, input: ForVisitor) -> VisitorTokenIssuePayload:  # noqa: A002  as above
    call = info.context.call("visitorTokenIssue", input)
    grant = await issue_visitor_token(info.context.desk, call, input.visitor_user_name)
    return VisitorTokenIssuePayload(token=_signed(info, grant), expires_at=to_datetime(grant.expires_at))


def _signed(info: Info, grant: Grant) -> str:
    caller = Caller(tenant=info.context.tenant, role=grant.role, user_name=grant.user_name)
    return sign(caller, grant.expires_at, info.context.secret)
