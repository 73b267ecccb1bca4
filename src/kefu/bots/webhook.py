"""A tenant's own bot: what the visitor wrote goes there as JSON, and its answer comes back in the same call.

The call is signed as Standard Webhooks are: `webhook-id`, `webhook-timestamp`, and `webhook-signature` over both and
the body, by HMAC-SHA256 with the key behind `whsec_`, or with another secret as it is written; without one it is not.
"""

import base64
import hashlib
import hmac
from typing import Any

import msgspec

from kefu.bots.port import BotFailed
from kefu.domain.bot import BotAnswer, BotQuestion, Webhook
from kefu.domain.bounds import BOT_REPLY_BYTES_MAX
from kefu.domain.instants import SECOND
from kefu.domain.message import Message
from kefu.domain.webhook_secret import key_of


class WebhookBot:
    def __init__(self, *, may_stay_inside: bool = False) -> None:
        """`may_stay_inside`: addresses of one's own network and plain HTTP are called too, for development."""
        self._may_stay_inside = may_stay_inside

    async def answer(self, question: BotQuestion) -> BotAnswer:
        webhook = question.configuration.webhook
        if webhook is None:
            raise BotFailed("no webhook is set")
        from kefu.bots.guarded_http import PostFailed, post  # noqa: PLC0415  a start asks no bot
        from kefu.bots.webhook_answer import read_answer  # noqa: PLC0415  as above

        body = msgspec.json.encode(_asked(question))
        try:
            told = await post(
                webhook.url,
                body,
                _signed(webhook, question, body),
                timeout_s=webhook.timeout_ms / SECOND,
                bytes_max=BOT_REPLY_BYTES_MAX,
                may_stay_inside=self._may_stay_inside,
            )
        except PostFailed as failed:
            raise BotFailed(str(failed)) from failed
        return read_answer(told)


def _asked(question: BotQuestion) -> dict[str, Any]:
    return {
        "sessionId": question.ref.id,
        "visitorUserName": question.ref.visitor,
        "channel": question.ref.channel,
        "isFirst": question.is_first,
        "message": _message(question.message),
        "recent": [_message(each) for each in question.recent],
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "sender": message.sender,
        "type": message.type,
        "text": message.text,
        "payload": msgspec.Raw(message.payload.encode()) if message.payload else None,
        "ext": msgspec.Raw(message.ext.encode()) if message.ext else None,
        "sentAt": message.sent_at,
    }


def _signed(webhook: Webhook, question: BotQuestion, body: bytes) -> dict[str, str]:
    """A question asked again has the same id: who answered it once can answer the same."""
    name, at = question.message.id, str(question.asked_at // SECOND)
    headers = {"webhook-id": name, "webhook-timestamp": at}
    if not webhook.secret:
        return headers
    key = key_of(webhook.secret) or webhook.secret.encode()
    signed = hmac.new(key, b".".join((name.encode(), at.encode(), body)), hashlib.sha256)
    return headers | {"webhook-signature": f"v1,{base64.b64encode(signed.digest()).decode()}"}
