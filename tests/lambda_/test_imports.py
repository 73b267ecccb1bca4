"""What a cold start loads: nothing that the first event may not need."""

import subprocess
import sys

import pytest

HEAVY = ("boto3", "botocore", "pydantic", "uvicorn", "kefu.testing", "kefu.cli")


@pytest.mark.parametrize("handler", ["lambda_websocket", "lambda_stream"])
def test_a_handler_loads_no_more_than_it_needs(handler: str) -> None:
    program = f"import sys, kefu.entrypoints.{handler}; print([each for each in {HEAVY} if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603  our own program
    assert done.stdout.strip() == "[]"
