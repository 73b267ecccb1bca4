"""Our own events: the body, and a signature that any Standard Webhooks library takes."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from kefu.desk.webhook_secrets import checked_secret
from kefu.domain.instants import SECOND
from kefu.domain.log import EventKind
from kefu.domain.refusals import Invalid
from kefu.domain.webhook import Dialect
from kefu.domain.webhook_secret import key_of
from kefu.wire.standard.session_events import session_event
from kefu.wire.standard.signature import signed
from wire.histories import AGENT, ANSWERED, ASSIGNED, AT, HUMAN, SESSION, TENCENT, ended, history

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOK = replace(TENCENT, dialect=Dialect.KEFU, secret=SECRET)
LIFE = history(HUMAN, ASSIGNED, ANSWERED, *ended(EventKind.AGENT_END))


def body(number: int) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(session_event(HOOK, LIFE[number - 1], AT).body)
    return found


def test_the_specifications_own_example_is_signed_as_it_says() -> None:
    headers = signed(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330 * SECOND, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_request_carries_id_time_and_signature() -> None:
    headers = session_event(HOOK, LIFE[0], AT).headers
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (f"{SESSION}-1", "1725540020")
    assert headers["webhook-signature"].startswith("v1,")


def test_an_event_says_what_happened_and_how_the_session_is_behind_it() -> None:
    told = body(3)
    assert (told["type"], told["timestamp"], told["data"]["seq"]) == ("session.assigned", "2024-09-05T12:40:20.019Z", 3)
    session = told["data"]["session"]
    assert (session["id"], session["state"], session["agentUserName"]) == (SESSION, "ACTIVE", AGENT)


def test_a_message_is_told_with_its_text_and_sender() -> None:
    message = body(4)["data"]["message"]
    assert (message["text"], message["sender"], message["payload"]) == ("hello", "AGENT", None)


def test_the_end_says_why() -> None:
    assert body(6)["data"]["session"]["endReason"] == "AGENT_END"


@pytest.mark.parametrize(
    "secret", ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_é", "whsec_!"]
)
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(Invalid):
        checked_secret(secret, Dialect.KEFU)


def test_a_good_secret_stands_for_its_bytes() -> None:
    assert len(key_of(checked_secret(SECRET, Dialect.KEFU))) == 24
