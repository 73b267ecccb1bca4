"""The commands over DynamoDB, as an operator would run them."""

import gc
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from click.testing import CliRunner, Result

from engines import Engines, client
from kefu.cli import main
from kefu.store.dynamodb_table import definition
from kefu.testing.engines import ENVIRONMENT, REGION, quickest
from kefu.testing.subprocesses import last_words

COMMAND = [sys.executable, "-c", "from kefu.cli import main; main()"]
SECRET = "a secret of the tests, long enough to sign with"
RUNNING = re.compile(r"Uvicorn running on (\S+)")
PATIENCE_S = 60


@pytest.fixture(scope="module")
def endpoint(engines: Engines) -> str:
    return engines.endpoint(quickest())


@pytest.fixture
def table(request: pytest.FixtureRequest) -> str:
    """A name that no other test has."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", request.node.name)


@pytest.fixture
def url(endpoint: str, table: str) -> str:
    return store_url(table, endpoint)


@pytest.fixture
def made(url: str) -> str:
    result = kefu("table", "create", "--store", url)
    assert result.exit_code == 0, result.output
    return url


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands read `.env` where they are called."""
    monkeypatch.chdir(tmp_path)
    yield
    gc.collect()  # a connection left open is told now, at the test whose fault it is


SHARED = {"KEFU_SECRET": SECRET, "KEFU_BLOBS": "memory:"}
"""What every server of a table must be told."""


def store_url(table: str, endpoint: str) -> str:
    return f"dynamodb:{table}?region={REGION}&endpoint={quote(endpoint, safe='')}"


def kefu(*arguments: str, **environment: str | None) -> Result:
    """A command in this process, for most of a command's time goes into its start; None takes a setting away."""
    return CliRunner().invoke(main, arguments, env={**ENVIRONMENT, **SHARED, **environment})


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A command in a process of its own, with nothing but the engine's credentials and a secret."""
    return subprocess.Popen(  # noqa: S603  our own command
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env={**ENVIRONMENT, **SHARED, "KEFU_BLOBS": "folder:files", "PYTHONUNBUFFERED": "1"},
        cwd=folder,
    )


def ran(folder: Path, *arguments: str) -> str:
    """What a command that ended well said."""
    process = started(folder, *arguments)
    said = last_words(process, PATIENCE_S)
    assert process.returncode == 0, said
    return said


@contextmanager
def served(folder: Path, url: str) -> Iterator[httpx.Client]:
    process = started(folder, "serve", "--port", "0", "--store", url)
    assert process.stdout
    try:
        said = ""
        while not (running := RUNNING.search(said)):
            line = process.stdout.readline()
            assert line, f"the server ended: {said}"
            said += line
        with httpx.Client(base_url=running[1], transport=httpx.HTTPTransport(retries=5)) as http:
            http.get("/readyz").raise_for_status()
            yield http
    finally:
        process.terminate()
        last_words(process, PATIENCE_S)


def test_a_desk_is_set_up_and_answers(url: str, tmp_path: Path) -> None:
    ran(tmp_path, "table", "create", "--store", url)
    shown = dict(re.findall(r"(\w+) +(\S+)\n", ran(tmp_path, "tenant", "create", "Shop", "--store", url)))
    assert "MEND" not in ran(tmp_path, "doctor", "--store", url)
    with served(tmp_path, url) as http:
        credentials = {"clientId": shown["clientId"], "secretId": shown["secretId"]}
        given = http.post(f"/api/platform/tenants/{shown['tenant']}/accessToken", json=credentials).json()
        bearer = {"Authorization": f"Bearer {given['entity']['accessToken']}"}
        message = 'mutation { messageIngest(input: {visitorUserName: "V", text: "你好"}) { session { state } } }'
        answer = http.post("/graphql", json={"query": message}, headers=bearer).json()
    assert answer["data"]["messageIngest"]["session"] == {"state": "WAITING"}


def test_tenants_are_made_listed_and_rotated(made: str) -> None:
    first = kefu("tenant", "create", "Shop", "--id", "20080", "--store", made)
    listed = kefu("tenant", "list", "--store", made)
    rotated = kefu("tenant", "rotate", "20080", "--store", made)
    assert listed.output.startswith("20080  Shop  clientId ")
    secrets = [re.findall(r"^secretId +(\S+)$", each.output, re.MULTILINE) for each in (first, rotated)]
    assert [len(each) for each in secrets] == [1, 1]
    assert secrets[0] != secrets[1]


def test_doctor_finds_a_new_table_well(made: str) -> None:
    result = kefu("doctor", "--store", made)
    assert [line[:15].split() for line in result.output.splitlines()] == [
        ["ok", what] for what in ("settings", "clock", "files", "table", "store", "stream", "tenants")
    ]
    assert result.exit_code == 0


def test_doctor_says_how_to_make_a_missing_table(url: str, table: str) -> None:
    result = kefu("doctor", "--store", url)
    assert result.exit_code == 1
    assert f"MEND  table     there is no table {table}" in result.output
    assert f"kefu table create --store '{url}'" in result.output


def test_doctor_names_what_a_table_lacks(endpoint: str, url: str, table: str) -> None:
    other = definition(table)
    del other["StreamSpecification"], other["LocalSecondaryIndexes"]
    other["AttributeDefinitions"] = [each for each in other["AttributeDefinitions"] if each["AttributeName"] != "rank"]
    client("dynamodb", endpoint).create_table(**other)
    result = kefu("doctor", "--store", url)
    told = "\n".join(line for line in result.output.splitlines() if line.startswith("MEND"))
    words = ("by_rank", "the stream", "expiry", "by_listing")
    assert [word in told for word in words] == [True, True, True, False]
    assert result.exit_code == 1


def test_doctor_names_a_key_of_another_type(endpoint: str, url: str, table: str) -> None:
    other = definition(table)
    other["AttributeDefinitions"][1] = {"AttributeName": "sk", "AttributeType": "N"}
    client("dynamodb", endpoint).create_table(**other)
    assert "MEND  table     the type of sk is N, it must be S" in kefu("doctor", "--store", url).output


def test_doctor_misses_the_secret(made: str) -> None:
    result = kefu("doctor", "--store", made, KEFU_SECRET=None)
    assert (result.exit_code, "MEND  settings  KEFU_SECRET must be set" in result.output) == (1, True)


def test_doctor_misses_the_place_of_files(made: str) -> None:
    result = kefu("doctor", "--store", made, KEFU_BLOBS=None)
    assert (result.exit_code, "MEND  settings  KEFU_BLOBS must be set" in result.output) == (1, True)


def test_doctor_says_that_files_cannot_be_kept(made: str, tmp_path: Path) -> None:
    (tmp_path / "files").touch()
    result = kefu("doctor", "--store", made, KEFU_BLOBS=f"folder:{tmp_path / 'files'}")
    assert (result.exit_code, "MEND  files " in result.output) == (1, True)


@pytest.mark.parametrize("command", [["doctor"], ["tenant", "list"], ["serve", "--port", "0"], ["table", "create"]])
class TestEveryCommandSays:
    def test_that_nobody_answers(self, command: list[str], unused_tcp_port: int) -> None:
        refused(command, store_url("kefu", f"http://127.0.0.1:{unused_tcp_port}"), "Could not connect to the endpoint")

    def test_that_credentials_are_missing(self, command: list[str], url: str) -> None:
        unset = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
        refused(command, url, "no AWS credentials were found: set AWS_PROFILE", **unset)

    def test_that_a_region_is_missing(self, command: list[str]) -> None:
        refused(command, "dynamodb:kefu", "no AWS region is set: say dynamodb:TABLE?region=", AWS_DEFAULT_REGION=None)

    def test_what_an_address_must_be(self, command: list[str]) -> None:
        refused(command, "dynamodb:kefu?regoin=x", "It must be `dynamodb:TABLE`")

    def test_which_extra_is_missing(self, command: list[str], url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "boto3", None)  # as if it were not installed
        refused(command, url, "pip install 'kefu[dynamodb]'")


def refused(command: list[str], url: str, words: str, **environment: str | None) -> None:
    result = kefu(*command, "--store", url, **environment)
    assert (result.exit_code, words in result.output) == (1, True), result.output


def test_serve_wants_the_secret_that_all_share(url: str) -> None:
    result = kefu("serve", "--port", "0", "--store", url, KEFU_SECRET=None)
    assert (result.exit_code, "KEFU_SECRET must be set" in result.output) == (2, True)


def test_serve_wants_the_place_of_files_that_all_share(url: str) -> None:
    result = kefu("serve", "--port", "0", "--store", url, KEFU_BLOBS=None)
    assert (result.exit_code, "KEFU_BLOBS must be set" in result.output) == (2, True)


def test_without_its_table_a_command_sends_to_the_doctor(url: str) -> None:
    result = kefu("tenant", "create", "Shop", "--store", url)
    assert (result.exit_code, f"kefu doctor --store '{url}'" in result.output) == (1, True)


def test_a_table_is_not_made_twice(made: str) -> None:
    result = kefu("table", "create", "--store", made)
    assert (result.exit_code, "ResourceInUse" in result.output) == (1, True)


def test_a_table_of_another_store_is_none(tmp_path: Path) -> None:
    result = kefu("table", "create")
    assert (result.exit_code, "This is for dynamodb:TABLE" in result.output, list(tmp_path.iterdir())) == (2, True, [])
