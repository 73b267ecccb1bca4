"""What tests of `api` ask for that no API Gateway gives, by name. All else is the same over it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from websockets.exceptions import InvalidStatus


@dataclass(frozen=True, slots=True)
class Beyond:
    reason: str
    raises: type[Exception] = AssertionError
    """What the test then ends with: it must, so that nothing else hides behind it."""


CLOSED = Beyond("DeleteConnection takes no code: the socket is closed, with the gateway's own")
MENDED = Beyond("JSON is handed over as text, with a sign in place of what is none: a query that does not parse")

BEYOND: Mapping[str, Beyond] = {
    "test_without_a_token_of_ours_nobody_is_let_in": CLOSED,
    "test_an_expired_token_is_not_let_in": CLOSED,
    "test_who_subscribes_before_the_init_is_unauthorized": CLOSED,
    "test_a_second_init_is_one_too_many": CLOSED,
    "test_the_same_operation_id_twice_is_refused": CLOSED,
    "test_a_frame_that_is_no_message_closes_with_4400": CLOSED,
    "test_another_subprotocol_is_not_spoken": Beyond("$connect refuses it, and no socket is opened", InvalidStatus),
    "test_ten_megabytes_are_too_much": Beyond("the gateway itself refuses what is no event any more, without a code"),
    "test_a_body_that_is_no_operation_is_a_bad_request[bytes that are not UTF-8]": MENDED,
    "test_a_body_that_is_no_operation_is_told_what_to_do[bytes that are not UTF-8]": MENDED,
}


def mark(item: pytest.Function) -> None:
    """Expects a test to fail that cannot hold."""
    arguments = item.callspec.id.partition("-")[2] if hasattr(item, "callspec") else ""
    beyond = BEYOND.get(item.originalname) or BEYOND.get(f"{item.originalname}[{arguments}]")
    if beyond:
        item.add_marker(pytest.mark.xfail(reason=beyond.reason, raises=beyond.raises, strict=True))
