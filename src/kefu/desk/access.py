"""Who may do what. What a caller may not see is answered as if it were not there."""

from kefu.desk.call import Caller, Role
from kefu.domain.agent import Agent
from kefu.domain.ids import login_of
from kefu.domain.refusals import Declined, NotFound, RefusalCode
from kefu.domain.session import Session, SessionState
from kefu.domain.skill_group import DEFAULT_GROUP

STAFF = (Role.PARTNER, Role.SUPERVISOR)


def may_see_session(caller: Caller, session: Session, agent: Agent | None) -> bool:
    """Staff see every session, visitors their own, agents theirs and those that wait where they serve.

    `agent` is the calling agent's own record.
    """
    if caller.role in STAFF:
        return True
    if caller.role is Role.VISITOR:
        return session.ref.visitor == caller.user_name
    login = login_of(caller.user_name)
    if login in (session.agent, session.directed_to):
        return True
    groups = (agent.groups or (DEFAULT_GROUP,)) if agent else ()
    return session.state is SessionState.WAITING and session.skill_group in groups and session.directed_to is None


def require_own_session(caller: Caller, session: Session) -> None:
    """To act on a session one must be staff, its visitor, or the agent who has it."""
    if caller.role in STAFF:
        return
    is_visitors = caller.role is Role.VISITOR and session.ref.visitor == caller.user_name
    is_agents = caller.role is Role.AGENT and session.agent == login_of(caller.user_name)
    if not (is_visitors or is_agents):
        raise session_not_found()


def require_staff(caller: Caller) -> None:
    if caller.role not in STAFF:
        raise Declined(RefusalCode.NOT_ALLOWED, f"A token of role {caller.role} may not do this; ask a supervisor.")


def require_partner(caller: Caller) -> None:
    if caller.role is not Role.PARTNER:
        raise Declined(
            RefusalCode.NOT_ALLOWED, f"A token of role {caller.role} may not do this; the tenant's back end may."
        )


def is_agent_self(caller: Caller, login: str) -> bool:
    return caller.role is Role.AGENT and login_of(caller.user_name) == login


def session_not_found() -> NotFound:
    return NotFound(
        RefusalCode.SESSION_NOT_FOUND, "There is no such session for this token. Check the id.", "sessionId"
    )


def agent_not_found(user_name: str, *field: str) -> NotFound:
    return NotFound(
        RefusalCode.AGENT_NOT_FOUND,
        f"There is no agent {user_name}. Save the agent first, or check the spelling of the login e-mail.",
        *(field or ("userName",)),
    )
