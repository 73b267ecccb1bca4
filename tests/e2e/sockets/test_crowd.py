import pytest

from e2e.sockets.crowd import KILLED, crowd_at, described
from e2e.sockets.kefu_served import LAMBDA, KefuServed


async def test_two_hundred_are_told_everything_while_a_fifth_dies(
    kefu_served: KefuServed, capsys: pytest.CaptureFixture[str]
) -> None:
    crowd = await crowd_at(kefu_served.with_options(*LAMBDA), seed=0, kills=KILLED)
    with capsys.disabled():
        print(f"\n{described(crowd)}")  # noqa: T201  what was measured
    assert crowd.missed() == []
