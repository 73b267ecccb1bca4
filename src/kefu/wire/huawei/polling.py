"""`poll`: waits until there is something to tell, tells it once; a newer poll of the same client ends an older one."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal

from kefu.desk.attempts import attempt, left_to_the_next_look
from kefu.desk.web_clients import NewerPoll, ToldEntry, claim_poll, tell
from kefu.domain.agent import Agent
from kefu.feed.noticing import Notice, noticing
from kefu.records import agents
from kefu.records.web_clients import is_news
from kefu.store.port import Change, PositionExpired
from kefu.wire.huawei.answers import OK, Answer, answer
from kefu.wire.huawei.downlink import is_told, items
from kefu.wire.huawei.fields import OnChannel, UserId
from kefu.wire.huawei.visit import CHANNEL, Visit
from kefu.wire.huawei.web_call import AnyWebCall, WebCall


class Poll(OnChannel, frozen=True, kw_only=True):
    receiver_id: UserId
    is_need_read: Literal["true", "false"] = "false"

    @property
    def user(self) -> str:
        return self.receiver_id


async def poll(visit: Visit, _asked: Poll) -> Answer:
    name = await claim_poll(visit.desk, visit.caller, CHANNEL)
    try:
        told = await _wait(visit, name)
    except NewerPoll:
        told = []
    return answer(OK, "query user messages success.", downlinkMessages=await _items(visit, told))


async def _wait(visit: Visit, name: str) -> list[ToldEntry]:
    """Looks, then waits for a change and looks again, so that nothing committed between is missed.

    A page that has hung up meanwhile is told nothing: its next poll is.
    """
    desk, deadline = visit.desk, asyncio.get_running_loop().time() + visit.poll_wait_s

    def is_his(change: Change) -> bool:
        return is_news(change, visit.tenant, visit.visitor.user_name, CHANNEL)

    async with noticing(desk.store, is_his) as notice:
        while True:
            told = await tell(desk, visit.caller, CHANNEL, name, is_told)
            if told or not await _news(notice, deadline) or await visit.is_gone():
                return told


async def _news(notice: Notice, deadline: float) -> bool:
    """Whether there is reason to look again, in time. The deadline cuts the waiting, never a look."""
    with suppress(PositionExpired):
        return await notice.comes_before(deadline)
    return False


async def _items(visit: Visit, told: list[ToldEntry]) -> list[dict[str, Any]]:
    by_login = await _agents(visit, sorted({each.entry.agent for each in told if each.entry.agent}))
    return [
        item
        for each in told
        for item in items(visit.visitor, each.session, each.entry, by_login.get(each.entry.agent or ""))
    ]


async def _agents(visit: Visit, logins: list[str]) -> dict[str, Agent]:
    """What is told stands as told by now: rather without a name than not at all."""
    if not logins:
        return {}
    with left_to_the_next_look():
        found = await attempt(visit.desk, lambda desk, _: agents.load(desk.store, visit.tenant, logins))
        return {login: each.value for login, each in zip(logins, found, strict=True) if each}
    return {}


CALLS: Mapping[str, AnyWebCall] = {"poll": WebCall(asked=Poll, reply=poll, method="GET")}
