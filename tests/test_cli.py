"""The commands, against a real server in a process of its own."""

import asyncio
import gc
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from kefu.cli import main
from kefu.store.port import Change, PositionExpired
from kefu.store.sqlite import SqliteStore
from kefu.testing.subprocesses import last_words

SECRET = "a secret of the tests, long enough to sign with"
COMMITTED = Path(__file__).parents[1] / "schema.graphql"
COMMAND = [sys.executable, "-c", "from kefu.cli import main; main()"]
RUNNING = re.compile(r"Uvicorn running on (\S+)")
STARTED = "Application startup complete"


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    greeting: str


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[Served]:
    """`kefu serve` on a port of the system's choice, until the test is done with it."""
    environment = {"KEFU_SECRET": SECRET, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(  # noqa: S603  our own command
        [*COMMAND, "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env=environment,
        cwd=folder,
    )
    assert process.stdout
    try:
        said = ""
        while STARTED not in said:
            line = process.stdout.readline()
            assert line, f"the server ended: {said}"
            said += line
        running = RUNNING.search(said)
        assert running, said
        with httpx.Client(transport=httpx.HTTPTransport(retries=5)) as patient:
            patient.get(f"{running[1]}/readyz").raise_for_status()
        yield Served(running[1], said)
    finally:
        process.terminate()
        last_words(process, within_s=20)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("demo"), "--demo") as demo:
        yield demo


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands read `.env` and keep files where they are called."""
    monkeypatch.chdir(tmp_path)
    yield
    gc.collect()  # a connection left open is told now, at the test whose fault it is


def kefu(*arguments: str, **environment: str) -> Result:
    """A command in this process, with no settings but these."""
    unset = dict.fromkeys(("KEFU_SECRET", "KEFU_ENV", "KEFU_STORE", "KEFU_TOKEN", "KEFU_LOG_LEVEL"))
    settings: Mapping[str, str | None] = {**unset, **environment}
    return CliRunner().invoke(main, arguments, env=settings)


def viewer(served: Served, token: str) -> dict[str, str]:
    asked = {"query": "{ viewer { tenant role userName } }"}
    answer = httpx.post(f"{served.url}/graphql", json=asked, headers={"Authorization": f"Bearer {token}"})
    found: dict[str, str] = answer.json()["data"]["viewer"]
    return found


def test_schema_prints_what_is_committed() -> None:
    assert kefu("schema").output == COMMITTED.read_text(encoding="utf-8")


def test_schema_writes_to_a_file(tmp_path: Path) -> None:
    kefu("schema", "--output", str(tmp_path / "schema.graphql"))
    assert (tmp_path / "schema.graphql").read_bytes() == COMMITTED.read_bytes()


def test_token_without_a_secret_says_what_to_do() -> None:
    result = kefu("token", "--tenant", "20080", "--role", "PARTNER", "--store", "memory:")
    assert (result.exit_code, "Set KEFU_SECRET" in result.output) == (2, True)


def test_token_with_a_short_secret_names_the_variable() -> None:
    result = kefu("token", "--tenant", "20080", "--role", "PARTNER", KEFU_SECRET="short")
    assert (result.exit_code, "KEFU_SECRET must" in result.output) == (2, True)


@pytest.mark.parametrize("role", ["AGENT", "VISITOR"])
def test_a_token_of_somebody_needs_his_name(role: str) -> None:
    result = kefu("token", "--tenant", "20080", "--role", role, KEFU_SECRET=SECRET)
    assert (result.exit_code, "--user" in result.output) == (2, True)


def test_a_token_is_worth_something_to_the_server_of_that_secret(demo: Served) -> None:
    printed = kefu("token", "--tenant", "20080", "--role", "VISITOR", "--user", "V", KEFU_SECRET=SECRET)
    assert viewer(demo, printed.output.strip()) == {"tenant": "20080", "role": "VISITOR", "userName": "V"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [("KEFU_ENV", "staging"), ("KEFU_LOG_LEVEL", "LOUD"), ("KEFU_SECRET", "x"), ("KEFU_METRICS_TOKEN", "x")],
)
def test_serve_with_a_wrong_setting_names_the_variable(variable: str, value: str) -> None:
    result = kefu("serve", "--port", "0", **{variable: value})
    assert (result.exit_code, f"{variable} " in result.output, " must " in result.output) == (2, True, True)


def test_serve_with_an_unknown_store_says_which_there_are() -> None:
    result = kefu("serve", "--port", "0", KEFU_STORE="cloud:somewhere")
    assert (result.exit_code, "KEFU_STORE" in result.output, "memory:" in result.output) == (2, True, True)


def test_serve_greets_with_the_address_it_answers_at(demo: Served) -> None:
    assert f"kefu demo --url {demo.url} " in demo.greeting


def test_serve_does_not_hold_answers_back_on_a_kept_connection(demo: Served) -> None:
    """Forty milliseconds are the mark of small segments that wait for an acknowledgement."""
    with httpx.Client(base_url=demo.url) as client:
        times_s = [client.get("/healthz").elapsed.total_seconds() for _ in range(11)]
    assert min(times_s) < 0.03


@pytest.mark.parametrize("role", ["partner", "agent", "visitor"])
def test_serve_greets_with_tokens_that_work(demo: Served, role: str) -> None:
    found = re.search(rf"{role} +Authorization: Bearer (\S+)", demo.greeting)
    assert found
    assert viewer(demo, found[1])["role"] == role.upper()


@pytest.fixture(scope="module")
def day(demo: Served) -> Result:
    return kefu("demo", "--url", demo.url)


def test_demo_plays_its_day_and_ends_well(day: Result) -> None:
    assert (day.exit_code, day.exception) == (0, None), day.output


def test_demo_prints_the_day_in_order(day: Result) -> None:
    hours = re.findall(r"^(\d\d:\d\d)  ", day.output, flags=re.MULTILINE)
    assert hours
    assert hours == sorted(hours)


@pytest.mark.parametrize(
    "reason",
    [
        "BOUND_AGENT_FREE",
        "BOUND_AGENT_NOT_FREE",
        "NO_FREE_AGENT",
        "BOUND_AGENT_OFFLINE",
        "NOBODY_ONLINE (售后)",
        "TRANSFERRED_TO_GROUP",
    ],
)
def test_demo_prints_the_reason_of_its_decisions(day: Result, reason: str) -> None:
    assert reason in day.output


def test_demo_tells_who_waits_his_place(day: Result) -> None:
    assert "told: 您当前排在第 2 位。" in day.output


def test_demo_brings_back_whom_a_rule_bound(day: Result) -> None:
    first, second = re.findall(r"^ +returner +→ with (\w+)$", day.output, flags=re.MULTILINE)
    assert first == second


@pytest.mark.parametrize(
    "figures",
    [
        "售前: 10 offered, 10 answered, 0 abandoned, 0 passed on; 100 % answered within 20 s; 1 overflowed here, 0 transferred here",
        "售后: 5 offered, 3 answered, 0 abandoned, 2 passed on; 60 % answered within 20 s; 1 overflowed here, 1 transferred here",
        "default: 2 offered, 2 answered, 0 abandoned, 0 passed on; 100 % answered within 20 s; 0 overflowed here, 0 transferred here",
    ],
)
def test_demo_reports_how_its_day_went(day: Result, figures: str) -> None:
    assert figures in day.output


def test_demo_can_be_played_again_on_the_same_server(demo: Served, day: Result) -> None:
    assert (day.exit_code, kefu("demo", "--url", demo.url).exit_code) == (0, 0)


@pytest.mark.parametrize("command", [["demo"], ["explain", "--visitor", "V"]])
def test_without_a_server_a_command_says_how_to_start_one(command: list[str], unused_tcp_port: int) -> None:
    result = kefu(*command, "--url", f"http://127.0.0.1:{unused_tcp_port}")
    assert (result.exit_code, "kefu serve --demo" in result.output) == (1, True)


def test_explain_tells_the_outcome_and_every_step(demo: Served) -> None:
    ext = '{"weichat": {"queueName": "售后"}}'
    lines = kefu("explain", "--url", demo.url, "--visitor", "V", "--ext", ext).output.splitlines()
    assert lines[0].startswith("ASSIGN → ")
    assert "QUEUE_NAME: QUEUE_NAME_MATCHED (售后)" in lines


@pytest.mark.parametrize("ext", ["{", "weichat", "{} // nothing"])
def test_explain_says_when_ext_is_not_json(ext: str) -> None:
    result = kefu("explain", "--visitor", "V", "--ext", ext)
    assert (result.exit_code, "not valid JSON" in result.output) == (2, True)


def test_explain_passes_on_what_the_server_says(demo: Served) -> None:
    result = kefu("explain", "--url", demo.url, "--visitor", "V", "--ext", "[]")
    assert (result.exit_code, "ext must be a JSON object" in result.output) == (1, True)


def test_explain_with_a_token_that_is_none_says_so(demo: Served) -> None:
    result = kefu("explain", "--url", demo.url, "--visitor", "V", "--token", "nonsense")
    assert (result.exit_code, "bearer token" in result.output) == (1, True)


@pytest.fixture
def restored(tmp_path: Path) -> Path:
    """A file with a tenant, as it came back from a backup."""
    kefu("tenant", "create", "Shop", "--id", "20080", "--store", "sqlite:kefu.db")
    return tmp_path / "kefu.db"


def told_behind(file: Path, position: str) -> Change:
    """The next change behind a position of the file."""

    async def told() -> Change:
        store = await SqliteStore.open(file)
        try:
            async with aclosing(store.changes(position)) as changes:
                return await anext(changes)
        finally:
            await store.close()

    return asyncio.run(told())


def position_of(file: Path) -> str:
    async def position() -> str:
        store = await SqliteStore.open(file)
        try:
            return await store.position()
        finally:
            await store.close()

    return asyncio.run(position())


def test_expire_cursors_lets_no_position_of_before_serve(restored: Path) -> None:
    given = position_of(restored)
    result = kefu("store", "expire-cursors", "--store", "sqlite:kefu.db")
    kefu("tenant", "create", "Another", "--store", "sqlite:kefu.db")
    with pytest.raises(PositionExpired):
        told_behind(restored, given)
    assert (result.exit_code, "kefu.db" in result.output) == (0, True)


def test_expire_cursors_lets_positions_from_then_on_serve(restored: Path) -> None:
    kefu("store", "expire-cursors", "--store", "sqlite:kefu.db")
    given = position_of(restored)
    kefu("tenant", "create", "Another", "--store", "sqlite:kefu.db")
    assert told_behind(restored, given).after


@pytest.mark.usefixtures("restored")
def test_expire_cursors_keeps_what_is_in_the_file() -> None:
    kefu("store", "expire-cursors", "--store", "sqlite:kefu.db")
    assert "20080  Shop" in kefu("tenant", "list", "--store", "sqlite:kefu.db").output


@pytest.mark.parametrize("store", ["memory:", "dynamodb:kefu", "cloud:somewhere", "sqlite:"])
def test_expire_cursors_of_another_store_says_what_it_is_for(store: str) -> None:
    result = kefu("store", "expire-cursors", "--store", store)
    assert (result.exit_code, "sqlite:PATH" in result.output, repr(store) in result.output) == (2, True, True)


def test_expire_cursors_of_a_missing_file_makes_none(tmp_path: Path) -> None:
    result = kefu("store", "expire-cursors", "--store", "sqlite:no-such.db")
    assert (result.exit_code, "no file no-such.db" in result.output, list(tmp_path.iterdir())) == (1, True, [])


def test_expire_cursors_of_a_file_that_is_no_store_says_so(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("a letter")
    result = kefu("store", "expire-cursors", "--store", "sqlite:letter.db")
    assert (result.exit_code, "is not a Kefu store" in result.output) == (1, True)
