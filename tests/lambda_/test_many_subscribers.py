"""How many may follow the same: enough, and no more."""

from collections.abc import Iterator

import pytest
from cloud import PARTNER, TENANT, Cloud, cloud

from kefu.desk.call import Caller, Role

LIMITS = {Role.VISITOR: "SUBSCRIBERS_FOR_VISITOR_MAX", Role.PARTNER: "SUBSCRIBERS_PER_TOPIC_MAX"}
VISITOR = Caller(tenant=TENANT, role=Role.VISITOR, user_name="V")


@pytest.fixture
def aws() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


def refusals(aws: Cloud, socket: str) -> list[str]:
    return [frame["payload"][0]["extensions"]["code"] for frame in aws.heard(socket) if frame["type"] == "error"]


@pytest.mark.parametrize("caller", [VISITOR, PARTNER], ids=lambda caller: caller.role)
def test_one_more_than_may_follow_the_same_is_refused(
    aws: Cloud, monkeypatch: pytest.MonkeyPatch, caller: Caller
) -> None:
    monkeypatch.setattr(f"kefu.gateway.registry.{LIMITS[caller.role]}", 2)
    first, second = aws.socket(caller), aws.socket(caller)
    aws.subscribes(first)
    aws.subscribes(second)
    aws.subscribes(second, operation_id="2")
    assert (refusals(aws, first), refusals(aws, second)) == ([], ["TOO_MANY_SUBSCRIPTIONS"])
    aws.leaves(first)
    aws.subscribes(second, operation_id="3")
    assert refusals(aws, second) == []


def test_a_visitor_with_many_subscriptions_takes_nothing_from_another(
    aws: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kefu.gateway.registry.SUBSCRIBERS_FOR_VISITOR_MAX", 1)
    one, other = aws.socket(VISITOR), aws.socket(Caller(tenant=TENANT, role=Role.VISITOR, user_name="W"))
    aws.subscribes(one)
    aws.subscribes(other)
    assert refusals(aws, other) == []


def test_more_than_a_page_of_subscribers_are_all_told(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kefu.gateway.registry._PAGE", 2)
    sockets = [aws.socket() for _ in range(5)]
    for socket in sockets:
        aws.subscribes(socket)
    aws.write("V")
    aws.publish()
    assert [aws.seqs(socket) for socket in sockets] == [[1, 2, 3, 4, 5]] * 5
