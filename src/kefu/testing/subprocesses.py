"""The end of a process that was started with pipes: whatever outlives its test is a warning in somebody else's."""

import asyncio
import subprocess
from contextlib import suppress


async def end(process: asyncio.subprocess.Process) -> int:
    """Kills it if it still runs; when this returns it is gone and its pipes are closed. Says what it ended with."""
    with suppress(ProcessLookupError):
        process.kill()
    if process.stdin:
        process.stdin.close()
    if process.stdout:
        await process.stdout.read()  # a full buffer would keep the pipe from its end
    status = await process.wait()
    if process.stdin:
        with suppress(OSError):
            await process.stdin.wait_closed()
    return status


def last_words(process: subprocess.Popen[str], within_s: float) -> str:
    """What it says until it ends by itself. Raises `TimeoutExpired`, and it is gone then too."""
    try:
        return process.communicate(timeout=within_s)[0]
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
