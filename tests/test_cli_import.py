"""`kefu import bindings`, on a SQLite file; killed and run again in processes of its own."""

import asyncio
import csv
import gc
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner, Result

from kefu.cli import main
from kefu.desk.bindings import BindingName, create_binding
from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.save_agent import AgentChange, save_agent
from kefu.desk.tenants import create_tenant
from kefu.domain.binding import Binding
from kefu.domain.bounds import IMPORT_LINE_LENGTH_MAX, IMPORT_PAGE
from kefu.records import bindings
from kefu.store.port import Span
from kefu.store.sqlite import SqliteStore

T = TypeVar("T")

TENANT = "20080"
CALL = Call(by=Caller(tenant=TENANT, role=Role.PARTNER, user_name="crm"))
HEADER = "businessFlag,visitorUserName,agentUserName,expiresAt"
STORE = "sqlite:kefu.db"
COMMAND = [sys.executable, "-c", "from kefu.cli import main; main()"]
IMPORT = ["import", "bindings", "list.csv", "--tenant", TENANT, "--store", STORE]
PATIENCE_S = 60
MANY = 10 * IMPORT_PAGE


def at_desk(work: Callable[[Desk], Awaitable[T]]) -> T:
    async def opened() -> T:
        store = await SqliteStore.open(Path("kefu.db"))
        try:
            return await work(Desk(store=store))
        finally:
            await store.close()

    return asyncio.run(opened())


@pytest.fixture(autouse=True)
def _a_tenant_with_agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Agents a and b, in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)

    async def made(desk: Desk) -> None:
        await create_tenant(desk, TENANT, "Shop")
        for name in ("a", "b"):
            await save_agent(desk, CALL, AgentChange(user_name=name))

    at_desk(made)
    yield
    gc.collect()


def listed(*lines: str, header: str = HEADER, start: bytes = b"") -> None:
    Path("list.csv").write_bytes(start + "\n".join((header, *lines)).encode())


def imported(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments or IMPORT)


def known() -> dict[tuple[str, str], Binding]:
    async def read(desk: Desk) -> dict[tuple[str, str], Binding]:
        found: dict[tuple[str, str], Binding] = {}
        behind, has_more = "", True
        while has_more:
            page, has_more = await bindings.listed(desk.store, TENANT, Span(100, behind))
            found |= {(each.business_flag, each.visitor): each for each in page}
            behind = bindings.listing_order(page[-1]) if page else ""
        return found

    return at_desk(read)


def whom() -> dict[str, str]:
    """Visitors under flag F and whom each is bound to."""
    return {visitor: binding.agent for (flag, visitor), binding in known().items() if flag == "F"}


def refused() -> list[dict[str, str]]:
    report = Path("list.refused.csv")
    if not report.exists():
        return []
    with report.open(encoding="utf-8", errors="surrogateescape", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a BOM"])
def test_every_line_of_a_list_is_bound(start: bytes) -> None:
    listed("F,小丽,A,2099-01-01T00:00:00Z", 'F,"Li, Mei",b,', "", start=start)
    result = imported()
    assert (result.exit_code, "2 lines: 2 bound, 0 stood already, 0 refused." in result.stderr) == (0, True)
    assert whom() == {"小丽": "a", "Li, Mei": "b"}
    assert known()["F", "小丽"].expires_at == 4_070_908_800_000
    assert sorted(path.name for path in Path().glob("list.*")) == ["list.csv"]


def test_columns_come_in_any_order_and_the_expiry_may_lack() -> None:
    listed("a,V,F", header="agentUserName,visitorUserName,businessFlag")
    assert (imported().exit_code, whom()) == (0, {"V": "a"})


REFUSED = {
    "F,V,nobody,": "AGENT_NOT_FOUND",
    "F,V,,": "INVALID_INPUT",
    ",V,a,": "INVALID_INPUT",
    "F,V,a,tomorrow": "INVALID_INPUT",
    "F,V,a,2099-01-01T00:00:00": "INVALID_INPUT",
    "F,V,a,2001-01-01T00:00:00Z": "INVALID_INPUT",
    "F,V,a": "INVALID_INPUT",
    "F,V,a,,": "INVALID_INPUT",
    "F,taken,a,": "BINDING_EXISTS",
}


@pytest.mark.parametrize("line", REFUSED)
def test_a_refused_line_is_reported_and_the_others_are_bound(line: str) -> None:
    at_desk(lambda desk: create_binding(desk, CALL, BindingName(business_flag="F", visitor="taken"), "b"))
    listed("F,first,a,", line, "F,last,b,")
    result = imported()
    assert (result.exit_code, "list.refused.csv" in result.stderr) == (3, True)
    assert [(each["line"], each["code"]) for each in refused()] == [("3", REFUSED[line])]
    assert refused()[0]["message"]
    assert whom() == {"first": "a", "last": "b", "taken": "b"}


def test_a_line_that_is_no_utf_8_is_refused_and_reported_as_it_was() -> None:
    Path("list.csv").write_bytes(f"{HEADER}\nF,".encode() + "小丽".encode("gbk") + b",a,\nF,V,a,\n")
    assert imported().exit_code == 3
    assert ("UTF-8" in refused()[0]["message"], whom()) == (True, {"V": "a"})
    assert "小丽".encode("gbk") in Path("list.refused.csv").read_bytes()


def test_a_mended_report_can_be_imported_as_it_is() -> None:
    listed("F,V,nobody,")
    imported()
    mended = Path("list.refused.csv").read_text(encoding="utf-8").replace("V,nobody", "V,a")
    Path("mended.csv").write_text(mended, encoding="utf-8")
    again = imported("import", "bindings", "mended.csv", "--tenant", TENANT, "--store", STORE)
    assert (again.exit_code, whom()) == (0, {"V": "a"})


def test_doing_a_list_twice_is_harmless() -> None:
    listed("F,V,a,2099-01-01T00:00:00Z", "F,W,b,")
    imported()
    before = known()
    result = imported()
    assert (result.exit_code, "2 lines: 0 bound, 2 stood already, 0 refused." in result.stderr) == (0, True)
    assert known() == before


def test_of_two_lines_about_one_visitor_the_first_counts() -> None:
    listed("F,V,a,", "F,V,b,")
    assert (imported().exit_code, whom(), refused()[0]["line"]) == (3, {"V": "a"}, "3")


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("businessFlag,visitorUserName", "must name the columns"),
        (f"{HEADER},note", "must name the columns"),
        (f"{HEADER},expiresAt", "each once"),
        ("F,V,a,", "must name the columns"),
    ],
)
def test_a_list_without_its_header_is_refused_whole(header: str, says: str) -> None:
    listed("F,V,a,", header=header)
    result = imported()
    assert (result.exit_code, says in result.stderr, whom()) == (1, True, {})


def test_an_empty_file_says_what_it_lacks() -> None:
    Path("list.csv").write_bytes(b"")
    assert (imported().exit_code, "businessFlag,visitorUserName" in imported().stderr) == (1, True)


@pytest.mark.parametrize("line", ['F,"V,a,', "F" * (IMPORT_LINE_LENGTH_MAX + 1)], ids=["a quote left open", "too long"])
def test_a_list_that_cannot_be_read_on_says_where(line: str) -> None:
    listed("F,V,a,", line)
    result = imported()
    assert (result.exit_code, "Line 3" in result.stderr) == (1, True)


def test_an_unknown_tenant_says_where_to_look() -> None:
    listed("F,V,a,")
    result = imported("import", "bindings", "list.csv", "--tenant", "1", "--store", STORE)
    assert (result.exit_code, "kefu tenant list" in result.stderr) == (1, True)


def many() -> list[str]:
    """Every hundredth line names nobody."""
    return [f"F,v{number},{'nobody' if number % 100 == 50 else 'a'}," for number in range(MANY)]


def killed_midway() -> None:
    """By SIGKILL, once it has noted how far it came."""
    progress = Path("list.progress.json")
    process = subprocess.Popen([*COMMAND, *IMPORT], stderr=subprocess.DEVNULL)  # noqa: S603  our own command
    until = time.monotonic() + PATIENCE_S
    while not progress.exists() and process.poll() is None:
        assert time.monotonic() < until, "nothing was noted"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL, "it was through before it was killed"


def test_a_killed_import_goes_on_where_it_was_and_says_so() -> None:
    listed(*many())
    killed_midway()
    assert 0 < len(whom()) < MANY
    result = imported()
    assert (result.exit_code, "Going on behind line" in result.stderr) == (3, True)
    assert f"{MANY} lines: " in result.stderr
    assert len(whom()) == MANY - MANY // 100
    assert [int(each["line"]) for each in refused()] == [number + 2 for number in range(50, MANY, 100)]
    assert not Path("list.progress.json").exists()


@pytest.mark.parametrize("torn", [b"", b'{"tenant":', b"[]"])
def test_a_note_that_cannot_be_read_begins_anew(torn: bytes) -> None:
    listed("F,V,a,")
    Path("list.progress.json").write_bytes(torn)
    result = imported()
    assert (result.exit_code, "Going on" in result.stderr, whom()) == (0, False, {"V": "a"})


def test_a_list_that_was_changed_begins_anew() -> None:
    listed(*many())
    killed_midway()
    listed("F,new,a,")
    result = imported()
    assert (result.exit_code, "Going on" in result.stderr) == (0, False)
    assert whom()["new"] == "a"
