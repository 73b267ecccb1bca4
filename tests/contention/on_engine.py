"""`PYTHONPATH=tests python tests/contention/on_engine.py ENGINE ARGUMENTS…`: a run of `kefu.testing.contention` on an engine of its own."""

import os
import sys

from streamless_table import table_without_stream

from kefu.testing.contention.__main__ import main
from kefu.testing.engines import ENVIRONMENT, Engines

if __name__ == "__main__":
    os.environ.update(ENVIRONMENT)
    engines = Engines()
    try:
        url = table_without_stream(engines.endpoint(sys.argv[1]))
        sys.exit(main(["--store", url, *sys.argv[2:]]))
    finally:
        engines.close()
