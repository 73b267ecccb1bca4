"""Which tests stay in one process: each kind of server is started once, and no stream grows long."""

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling


class ByServer(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """As `--dist loadgroup` would, which xdist 3.8 does not do over pytest 9.2: the node ids lose their groups."""

    def _split_scope(self, nodeid: str) -> str:
        path, _, test = nodeid.partition("::")
        if "[offline" in test:
            return "offline"  # to start it takes as long as fifty tests
        return "sockets" if PurePosixPath(path).parent.name == "sockets" else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServer:
    return ByServer(config, log)
