"""Which tests stay in one process: each kind of server is started once, and no stream grows long."""

from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SOCKETS = "sockets"


class ByServer(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """As `--dist loadgroup` would, which xdist 3.8 does not do over pytest 9.2: the node ids lose their groups."""

    def _split_scope(self, nodeid: str) -> str:
        path, _, test = nodeid.partition("::")
        if "[offline" in test:
            return "offline"  # to start it takes as long as fifty tests
        return SOCKETS if PurePosixPath(path).parent.name == SOCKETS else path

    def _assign_work_unit(self, node: Any) -> None:
        """Sockets wait more than they work: whoever has them begins with them, and the other does not wait in the end."""
        if SOCKETS in self.workqueue:
            self.workqueue.move_to_end(SOCKETS, last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServer:
    return ByServer(config, log)
