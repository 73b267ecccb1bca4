"""An engine for tests comes up although its port was taken meanwhile."""

import pytest

from kefu.testing.engines import ENGINES, ENVIRONMENT, EngineEnded, Engines, Start, quickest

ENDS_AT_ONCE = Start(["false"])


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_an_engine_that_ended_is_started_on_another_port(monkeypatch: pytest.MonkeyPatch) -> None:
    ports: list[int] = []

    def second_try(port: int) -> Start:
        ports.append(port)
        return ENDS_AT_ONCE if len(ports) == 1 else ENGINES[quickest()](port)

    monkeypatch.setitem(ENGINES, "unlucky", second_try)
    engines = Engines()
    try:
        assert engines.endpoint("unlucky") == f"http://127.0.0.1:{ports[1]}"
    finally:
        engines.close()


def test_an_engine_that_always_ends_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "broken", lambda _: ENDS_AT_ONCE)
    engines = Engines()
    with pytest.raises(EngineEnded, match="false"):
        engines.endpoint("broken")
    engines.close()
