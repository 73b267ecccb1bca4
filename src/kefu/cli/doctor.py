"""`kefu doctor`: is everything as it should be, and what to mend if not."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import NamedTuple

import click

from kefu.blobs.port import BlobError
from kefu.bootstrap import blobs_of
from kefu.cli.options import settings_with, store_option, with_desk
from kefu.desk.attempts import commit
from kefu.desk.desk import Desk
from kefu.records import tenants
from kefu.settings import Environment, Settings, SettingWrong, require_shared
from kefu.store.dynamodb import DynamoStore
from kefu.store.port import Delete, Expect, Key, Put, Record, StoreError

_PROBE = Key("*DOCTOR", "probe")
_FILE = "doctor/probe"
_PATIENCE_S = 10
_BUILT_AT_S = 1_763_000_000
"""A clock before this, November 2025, is wrong: nothing of this program is older."""


class Finding(NamedTuple):
    what: str
    is_well: bool
    say: str


@click.command()
@store_option
def doctor(store_url: str | None) -> None:
    """Check settings, store, clock and stream, and say what to mend."""
    settings = settings_with(store_url)

    async def examine(desk: Desk) -> bool:
        is_well = True
        async for finding in _findings(desk, settings):
            click.echo(f"{'ok  ' if finding.is_well else 'MEND'}  {finding.what:9} {finding.say}")
            is_well = is_well and finding.is_well
        return is_well

    if not with_desk(settings, examine):
        raise click.exceptions.Exit(1)


async def _findings(desk: Desk, settings: Settings) -> AsyncIterator[Finding]:
    yield _settings(settings)
    yield Finding(
        "clock", time.time() > _BUILT_AT_S, f"the time is {time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime())}"
    )
    yield await _files(settings)
    try:
        async for finding in _store_findings(desk, settings):
            yield finding
    except StoreError as failure:
        yield Finding("store", is_well=False, say=str(failure) or type(failure).__name__)


async def _store_findings(desk: Desk, settings: Settings) -> AsyncIterator[Finding]:
    if isinstance(desk.store, DynamoStore):
        findings = await _table(desk.store, settings.store)
        for finding in findings:
            yield finding
        if not all(finding.is_well for finding in findings):
            return
    position = await desk.store.position()
    await commit(desk, [Put(Record(key=_PROBE, value="{}"), Expect.ANY)])
    [found] = await desk.store.get([_PROBE])
    yield Finding("store", found is not None, f"{settings.store} takes commits and gives them back")
    yield await _stream(desk, position)
    await commit(desk, [Delete(_PROBE, Expect.ANY)])
    known, more = await tenants.load_page(desk.store, limit=100)
    say = f"{len(known)}{'+' if more else ''} tenants" if known else "none yet; make one with: kefu tenant create NAME"
    yield Finding("tenants", is_well=True, say=say)


async def _table(store: DynamoStore, url: str) -> list[Finding]:
    wrong = await store.shortcomings()
    if not wrong:
        return [Finding("table", is_well=True, say=f"{store.table} has its keys, indexes, stream and expiry")]
    say = f"deploy infra/table.yml, or make a table for trials with: kefu table create --store '{url}'"
    return [Finding("table", is_well=False, say=each) for each in (*wrong, say)]


def _settings(settings: Settings) -> Finding:
    try:
        require_shared(settings)
    except SettingWrong as wrong:
        return Finding("settings", is_well=False, say=str(wrong))
    if settings.environment is Environment.PRODUCTION and not settings.allowed_origins:
        return Finding(
            "settings", is_well=False, say="KEFU_ALLOWED_ORIGINS is empty: no web page of another origin can subscribe"
        )
    return Finding("settings", is_well=True, say=f"KEFU_ENV is {settings.environment}")


async def _files(settings: Settings) -> Finding:
    if settings.blobs is None:
        return Finding(
            "files", is_well=True, say="KEFU_BLOBS is not set: with memory: they are kept there, else in kefu-files"
        )
    try:
        blobs = blobs_of(settings)
        await blobs.put(_FILE, _FILE.encode())
        is_there = await blobs.get(_FILE) == _FILE.encode()
    except (SettingWrong, BlobError) as failed:
        return Finding("files", is_well=False, say=str(failed))
    return Finding("files", is_there, f"{settings.blobs} takes files and gives them back")


async def _stream(desk: Desk, position: str) -> Finding:
    try:
        async with asyncio.timeout(_PATIENCE_S), aclosing(desk.store.changes(position)) as changes:
            async for change in changes:
                if change.key == _PROBE:
                    return Finding("stream", is_well=True, say="commits are told to those who follow")
    except TimeoutError:
        pass
    return Finding("stream", is_well=False, say="a commit was not told; subscriptions would stay silent")
