"""`kefu import`: long lists, brought in line by line."""

import asyncio
import itertools
import os
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from kefu.api.scalars import to_instant
from kefu.cli.import_file import (
    Progress,
    Report,
    Row,
    UnreadableList,
    beside,
    counted,
    digest_of,
    load_progress,
    rows_of,
    save_progress,
)
from kefu.cli.options import settings_with, store_option, with_desk
from kefu.desk.bindings import BindingName
from kefu.desk.call import Call, Caller, Role
from kefu.desk.desk import Desk
from kefu.desk.listed_bindings import bind_listed
from kefu.domain.bounds import IMPORT_PAGE
from kefu.domain.instants import Instant
from kefu.domain.refusals import Declined, Invalid, Refusal, RefusalCode
from kefu.records import tenants

SOME_REFUSED = 3
"""Exit status of an import that is through and left lines out."""
_AT_ONCE = 16
_TELLING_EVERY_S = 1

Outcome = bool | Refusal
"""Whether a line's binding was made now, or why not at all."""


@click.group("import")
def import_() -> None:
    """Bring in long lists."""


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tenant", required=True, help="Whose bindings.")
@store_option
def bindings(file: Path, tenant: str, store_url: str | None) -> None:
    """Bind the visitors of a CSV file to agents.

    The first line names the columns: businessFlag,visitorUserName,agentUserName,expiresAt. UTF-8; expiresAt is a
    time like 2026-12-31T00:00:00Z, or empty for good. A line that stands already changes nothing. Interrupted, the
    same command goes on where it was. Lines that were refused are written to FILE.refused.csv, with the reason.

    Exit status: 0 if every line is bound, 3 if lines were refused, 1 if it could not go on, 2 for a wrong call.
    """
    settings = settings_with(store_url)
    fresh = Progress(tenant=tenant, store=settings.store, digest=digest_of(file))
    done = with_desk(settings, lambda desk: _import(desk, file, fresh))
    click.echo(f"{done.rows} lines: {done.made} bound, {done.stood} stood already, {done.refused} refused.", err=True)
    if done.refused:
        click.echo(f"Refused lines and why: {beside(file, '.refused.csv')}", err=True)
        raise click.exceptions.Exit(SOME_REFUSED)


async def _import(desk: Desk, file: Path, fresh: Progress) -> Progress:
    if await tenants.load(desk.store, fresh.tenant) is None:
        raise click.ClickException(f"There is no tenant {fresh.tenant}. See: kefu tenant list")
    place = beside(file, ".progress.json")
    kept = load_progress(place)
    done = kept if kept is not None and kept.is_of(fresh) else fresh
    if done.rows:
        click.echo(f"Going on behind line {done.line}: {done.rows} lines are done.", err=True)
    try:
        done = await _from(desk, file, done, place)
    except UnreadableList as unreadable:
        raise click.ClickException(str(unreadable)) from unreadable
    place.unlink(missing_ok=True)
    return done


async def _from(desk: Desk, file: Path, done: Progress, place: Path) -> Progress:
    report = Report(beside(file, ".refused.csv"), done.report_bytes)
    # Bytes that are no UTF-8 come as half surrogate pairs: the line is refused, and reported as it was.
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as opened:
        size = os.fstat(opened.fileno()).st_size or 1
        told_at = 0.0
        rows = itertools.islice(rows_of(opened), done.rows, None)
        while page := list(itertools.islice(rows, IMPORT_PAGE)):
            outcomes = await _bind_page(desk, done.tenant, page)
            refused = [(row, why) for row, why in zip(page, outcomes, strict=True) if isinstance(why, Refusal)]
            done = counted(done, page, made=outcomes.count(True), refused=len(refused))
            done = replace(done, report_bytes=report.add(refused))
            save_progress(place, done)
            if time.monotonic() - told_at >= _TELLING_EVERY_S:
                told_at = time.monotonic()
                percent = min(100, os.lseek(opened.fileno(), 0, os.SEEK_CUR) * 100 // size)
                click.echo(f"{percent:3} %  line {done.line}: {done.made} bound, {done.refused} refused", err=True)
    return done


async def _bind_page(desk: Desk, tenant: str, page: list[Row]) -> list[Outcome]:
    """In the order of the page. Lines about the same binding go one after another: the first of them counts."""
    call = Call(by=Caller(tenant=tenant, role=Role.PARTNER, user_name="kefu import"))
    same: dict[tuple[str | None, str | None], list[Row]] = {}
    for row in page:
        same.setdefault((row.cells.get("businessFlag"), row.cells.get("visitorUserName")), []).append(row)
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def bind_in_turn(rows: list[Row]) -> dict[int, Outcome]:
        async with at_once:
            return {row.line: await _bind(desk, call, row) for row in rows}

    results = await asyncio.gather(*map(bind_in_turn, same.values()), return_exceptions=True)
    outcomes: dict[int, Outcome] = {}
    for result in results:
        if isinstance(result, BaseException):
            raise result
        outcomes |= result
    return [outcomes[row.line] for row in page]


async def _bind(desk: Desk, call: Call, row: Row) -> Outcome:
    """Raises `Declined` with BUSY, and what the store raises: that is no fault of the line."""
    try:
        name = BindingName(
            business_flag=row.cells.get("businessFlag", ""), visitor=row.cells.get("visitorUserName", "")
        )
        expires_at = _expires_at(row)
        _require_utf_8(row)
        return await bind_listed(desk, call, name, row.cells.get("agentUserName", ""), expires_at)
    except Refusal as refusal:
        if isinstance(refusal, Declined) and refusal.code is RefusalCode.BUSY:
            raise
        return refusal


def _require_utf_8(row: Row) -> None:
    for column, cell in row.cells.items():
        if any("\udc80" <= each <= "\udcff" for each in cell):
            raise Invalid(f"{column} is not UTF-8. Save the file as CSV UTF-8.", column)


def _expires_at(row: Row) -> Instant | None:
    if not row.is_whole:
        raise Invalid("The line has not as many fields as the header. Quote a value that holds a comma.")
    if not (text := row.cells.get("expiresAt", "").strip()):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Invalid(f"expiresAt is {text!r}; it must be like 2026-01-31T09:30:00Z.", "expiresAt") from wrong
    if at.tzinfo is None:
        raise Invalid(f"expiresAt is {text!r} and needs its zone: end it with Z for UTC.", "expiresAt")
    return to_instant(at)
