"""Lambda's Python: the real runtime client in a process of its own, with no more of our environment than Lambda gives."""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import suppress

from kefu.local_aws.functions import Sandbox
from kefu.local_aws.options import FunctionOptions

_PASSED_ON = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "SYSTEMROOT", "VIRTUAL_ENV")


class Worker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()

    async def wait(self) -> int:
        return await self._process.wait()


async def start_worker(name: str, options: FunctionOptions, sandbox: Sandbox, environment: Mapping[str, str]) -> Worker:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "awslambdaric",
        options.handler,
        env=_environment(name, options, sandbox, environment),
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C at the terminal is not for them
    )
    return Worker(process)


def _environment(name: str, options: FunctionOptions, sandbox: Sandbox, own: Mapping[str, str]) -> dict[str, str]:
    here = os.environ
    return {
        **{each: here[each] for each in here if each in _PASSED_ON or each.startswith("AWS_")},
        **own,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{sandbox.port}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": str(sandbox.port),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "_HANDLER": options.handler,
        "PYTHONUNBUFFERED": "1",
        "TZ": ":UTC",
    }
