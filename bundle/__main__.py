"""`python -m bundle`: build/lambda/ and build/lambda.zip, with nothing in them but what a handler needs.

It is for the Python that runs this, as another version could not use what is compiled; build/lambda.json says for which
runtime and architecture. Exits with 1 if it is too large.
"""

import compileall
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode

import click

from bundle.trimming import trim

ROOT = Path(__file__).parents[1]
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
BYTES_MAX = 25 * 1_000_000
"""Unzipped."""
PLATFORMS = {
    name: [f"manylinux2014_{name}", f"manylinux_2_17_{name}"]
    + ([f"manylinux_2_28_{name}", f"manylinux_2_34_{name}"] if sys.version_info >= (3, 12) else [])
    for name in ("x86_64", "aarch64")
}
"""Amazon Linux 2 has glibc 2.26, and from Python 3.12 on Lambda runs Amazon Linux 2023 with 2.34."""
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
CODE = "/var/task"
"""Where Lambda unpacks it, and what a traceback shall say."""
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
TRIAL = """
import sys
sys.path.insert(0, sys.argv[1])
from importlib import import_module
from pathlib import Path
for handler in sorted(Path(sys.argv[1], "kefu", "entrypoints").glob("lambda_*.py")):
    import_module(f"kefu.entrypoints.{handler.stem}").handler
from kefu.entrypoints.container import Container
from kefu.entrypoints.lambda_http import http_handler
http = {"method": "GET", "path": "/graphql", "sourceIp": "192.0.2.1"}
event = {"version": "2.0", "rawQueryString": "query=%7B__typename%7D", "headers": {"accept": "application/json"}, "requestContext": {"http": http}}
answering = http_handler(Container({"KEFU_STORE": "memory:", "KEFU_SECRET": "x" * 32}))
answer = answering(event, None)
assert answer["body"] == '{"data":{"__typename":"Query"}}', answer
ide = answering(event | {"rawQueryString": "", "headers": {"accept": "text/html"}}, None)
assert "<html" in ide["body"].lower(), ide
from kefu.store.dynamodb_transport import boto_client
for service in ("dynamodb", "dynamodbstreams", "apigatewaymanagementapi", "s3"):
    boto_client(service, region="eu-central-1").meta.endpoint_url
outside = [name for name, module in sys.modules.items() if "site-packages" in (getattr(module, "__file__", None) or "")]
assert not outside, outside
"""


@click.command()
@click.option("--architecture", type=click.Choice(list(MACHINES)), default="x86_64", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "build" / "lambda")
def main(architecture: str, output: Path) -> None:
    shutil.rmtree(output, ignore_errors=True)
    _install(output, MACHINES[architecture])
    shutil.copytree(ROOT / "src" / "kefu", output / "kefu")
    shutil.copy(ROOT / "LICENSE", output / "kefu")
    trim(output)
    _compile(output)
    if architecture == "x86_64":
        _try(output)
    unzipped = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    archive = _zip(output)
    output.with_suffix(".json").write_text(json.dumps({"runtime": RUNTIME, "architecture": architecture}))
    click.echo(
        f"{output}: {unzipped / 1e6:.1f} MB unzipped, {archive.stat().st_size / 1e6:.1f} MB zipped, "
        f"for {RUNTIME} on {architecture}"
    )
    sys.exit(f"That is over {BYTES_MAX / 1e6:.0f} MB." if unzipped > BYTES_MAX else 0)


def _install(output: Path, machine: str) -> None:
    platforms = [part for name in PLATFORMS[machine] for part in ("--platform", name)]
    subprocess.run(  # noqa: S603  our own command
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--require-hashes", "--requirement", ROOT / "requirements" / "lambda.txt", "--no-deps"),
            *("--only-binary", ":all:", "--implementation", "cp", *platforms),
            *("--target", output, "--no-compile"),
        ],
        check=True,
    )


def _compile(output: Path) -> None:
    """Lambda's folder is read-only, so Python could not keep what it compiles; unchecked, no source is even looked at."""
    compiled = compileall.compile_dir(
        output,
        stripdir=output,
        prependdir=CODE,
        quiet=1,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
    if not compiled:
        sys.exit("A file could not be compiled.")


def _try(output: Path) -> None:
    """Every handler is imported, a request answered and each client made, with nothing else installed."""
    subprocess.run([sys.executable, "-I", "-S", "-B", "-c", TRIAL, str(output)], check=True)  # noqa: S603  our own code


def _zip(output: Path) -> Path:
    """The same files make the same archive."""
    archive = output.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for path in sorted(path for path in output.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(str(path.relative_to(output)), FIXED_TIME)
            entry.external_attr, entry.compress_type = 0o100644 << 16, zipfile.ZIP_DEFLATED
            zipped.writestr(entry, path.read_bytes())
    return archive


if __name__ == "__main__":
    main()
