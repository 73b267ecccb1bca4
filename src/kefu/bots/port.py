from typing import Protocol

from kefu.domain.bot import BotAnswer, BotQuestion


class BotFailed(Exception):
    """No answer that can be used; the message says why, in words for the decision's log."""


class Bot(Protocol):
    async def answer(self, question: BotQuestion) -> BotAnswer:
        """What the bot says, within its own bounds of time and size; asked twice for one message, it may say it twice.

        Raises `BotFailed`.
        """
        ...
