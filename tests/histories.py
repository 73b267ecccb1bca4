"""Random histories of a company: visitors write, an agent answers, sessions are closed."""

from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING

from kefu.desk.call import Call
from kefu.desk.close_session import close_session
from kefu.desk.desk import Desk
from kefu.desk.directory import GroupChange, save_group
from kefu.desk.ingest_message import IncomingMessage, ingest_message
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.send_message import OutgoingMessage, send_message
from kefu.desk.set_agent_status import set_agent_status
from kefu.domain.agent import AgentStatus
from kefu.domain.refusals import Refusal

if TYPE_CHECKING:
    from kefu.domain.session_ref import SessionRef

STEPS = 8


async def play(desk: Desk, call: Call, random: Random) -> None:
    await save_group(desk, call, GroupChange(name="G"))
    await save_agent(desk, call, AgentChange(user_name="a", max_sessions=2))
    await set_agent_status(desk, call, "a", AgentStatus.ONLINE)
    sessions: list[SessionRef] = []
    for _ in range(STEPS):
        act = random.choice(("write", "write", "answer", "close"))
        with suppress(Refusal):  # by dice one asks what cannot be
            if act == "write" or not sessions:
                message = IncomingMessage(visitor=random.choice(("V", "W", "X")), text="你好")
                sessions.append((await ingest_message(desk, call, message)).session)
            elif act == "answer":
                await send_message(desk, call, OutgoingMessage(session=random.choice(sessions), text="您好"))
            else:
                await close_session(desk, call, random.choice(sessions))
