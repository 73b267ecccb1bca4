"""A replay has as long as its handler: who is cut in it comes back nearer to the present, never farther."""

from collections.abc import Iterator

import pytest
from cloud import Cloud, cloud

from kefu.domain.instants import SECOND
from kefu.feed.cursors import decode_cursor
from kefu.feed.journal import JournalWriter

OF_HANDLER_MS = 29 * SECOND - 3 * SECOND
"""What a handler has of its time before it must come to an end."""


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


def publish_as(aws: Cloud, writer: str, visitor: str) -> None:
    aws.container.__dict__["journal"] = JournalWriter(aws.container.desk, writer)
    aws.write(visitor)
    assert aws.publish() == []


def told_by_two(aws: Cloud) -> list[str]:
    """Cursors of a subscriber who was told by one writer, then by another."""
    socket = aws.socket()
    aws.subscribes(socket)
    publish_as(aws, "X", "V")
    aws.clock.advance(40 * SECOND)
    publish_as(aws, "W", "U")
    return [each["cursor"] for each in aws.told(socket)]


def test_a_replay_moves_no_cursor_back(aws: Cloud) -> None:
    last = told_by_two(aws)[-1]
    socket = aws.socket()
    aws.subscribes(socket, after=last)
    cursors = [each["cursor"] for each in aws.told(socket)]
    assert cursors == [last] * 5, "what the other told within a minute comes again"


def test_behind_its_cursor_a_replay_moves_on(aws: Cloud) -> None:
    last = told_by_two(aws)[-1]
    publish_as(aws, "X", "T")
    socket = aws.socket()
    aws.subscribes(socket, after=last)
    places = [decode_cursor(each["cursor"]).position for each in aws.told(socket)]
    assert places == sorted(places)
    assert places[-1] > decode_cursor(last).position


def test_out_of_time_no_more_is_told(aws: Cloud) -> None:
    first = told_by_two(aws)[0]
    socket = aws.socket()
    aws.peers.at_post = lambda: aws.clock.advance(OF_HANDLER_MS // 3)
    aws.subscribes(socket, after=first)
    assert [frame["type"] for frame in aws.heard(socket)] == ["next"] * 4 + ["complete"]


def test_a_replay_that_came_no_nearer_in_its_time_is_refused(aws: Cloud) -> None:
    """Completed it would be asked for again, and again, with the same cursor."""
    last = told_by_two(aws)[-1]
    socket = aws.socket()
    aws.peers.at_post = lambda: aws.clock.advance(OF_HANDLER_MS)
    aws.subscribes(socket, after=last)
    [told, end] = aws.heard(socket)
    assert (told["type"], end["type"], end["payload"][0]["extensions"]["code"]) == ("next", "error", "CURSOR_EXPIRED")
