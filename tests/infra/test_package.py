"""What the packager makes of serverless.yml: clean to the linter, and no two stacks in each other's way."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import ZipFile

import pytest
from deployment import FUNCTIONS, ROOT, SERVICE_FILE

OSLS = ROOT / "build" / "osls" / "node_modules" / ".bin" / "osls"
CFN_LINT = Path(sys.executable).with_name("cfn-lint")
TIMEOUT_S = 120
NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there: whatever would ask the network fails."""
BUILT_FOR = {"runtime": "python3.13", "architecture": "arm64"}
EVERYTHING_ON = (
    "tenant=acme",
    "snapStart=true",
    "batchWindow=1",
    "logRetentionInDays=90",
    "encryptionKeyArn=arn:aws:kms:eu-central-1:111122223333:key/1",
    "alarmTopicArn=arn:aws:sns:eu-central-1:111122223333:alarms",
)

NAMES = {
    "AWS::ApiGatewayV2::Api": "Name",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "Name",
}

Packaged: TypeAlias = Callable[..., Path]


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """Packages with the given parameters and says where the templates are."""
    made: dict[tuple[str, ...], Path] = {}

    def package(*params: str) -> Path:
        if params not in made:
            made[params] = _package(tmp_path_factory.mktemp("service"), params)
        return made[params]

    return package


def _package(folder: Path, params: tuple[str, ...]) -> Path:
    ended = _osls(folder, params)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder / "packaged"


def _osls(folder: Path, params: tuple[str, ...], **built_for: str) -> subprocess.CompletedProcess[str]:
    _needed(OSLS, "osls is not installed: make build/osls/installed")
    shutil.copy(SERVICE_FILE, folder)
    shutil.copytree(ROOT / "infra", folder / "infra")
    (folder / "build").mkdir()
    with ZipFile(folder / "build" / "lambda.zip", "w") as bundle:  # what is in it, the packager does not look at
        bundle.writestr("kefu/__init__.py", "")
    (folder / "build" / "lambda.json").write_text(json.dumps(BUILT_FOR | built_for))
    command = [str(OSLS), "package", "--package", "packaged", *(word for each in params for word in ("--param", each))]
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    offline = {"HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE, "AWS_EC2_METADATA_DISABLED": "true"}
    return _run(command, folder, own | offline | {"HOME": str(folder)})


def _run(
    command: list[str], folder: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  a command of this file
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


def _needed(tool: Path, say: str) -> None:
    """A missing tool is a skip by name at home and a failure in CI."""
    if tool.exists():
        return
    if os.environ.get("CI") == "true":
        pytest.fail(say)
    pytest.skip(say)


def _template(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "cloudformation-template-update-stack.json").read_text())
    return loaded


@pytest.mark.parametrize("params", [(), EVERYTHING_ON], ids=["shared", "everything on"])
def test_the_linter_finds_nothing(packaged: Packaged, params: tuple[str, ...]) -> None:
    _needed(CFN_LINT, "cfn-lint is not installed: make test does it")
    templates = [str(each) for each in packaged(*params).glob("cloudformation-template-*.json")]
    assert len(templates) == 2
    # The packager says twice what a function waits for.
    linted = _run([str(CFN_LINT), "--ignore-checks", "W3005", "--", *templates, "infra/table.yml"], ROOT)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_a_tenants_stack_shares_no_name_with_another(packaged: Packaged) -> None:
    shared, acme, other = (set(_given_names(packaged(*params))) for params in ((), EVERYTHING_ON, ("tenant=other",)))
    assert not shared & acme
    assert not shared & other
    assert not acme & other
    assert {"kefu-acme-prod", *(f"kefu-acme-prod-{function}" for function in FUNCTIONS)} <= acme


def test_the_secret_is_in_no_file_that_is_uploaded(packaged: Packaged) -> None:
    for function in FUNCTIONS:
        made = _template(packaged())["Resources"][f"{function.title()}LambdaFunction"]["Properties"]
        assert made["Environment"]["Variables"]["KEFU_SECRET"] == {
            "Fn::Sub": "{{resolve:secretsmanager:${SigningSecret}:SecretString:::}}"
        }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_runs_on_what_its_bundle_was_built_for(packaged: Packaged, function: str) -> None:
    made = _template(packaged())["Resources"][f"{function.title()}LambdaFunction"]["Properties"]
    assert (made["Runtime"], made["Architectures"]) == (BUILT_FOR["runtime"], [BUILT_FOR["architecture"]])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_logs_end_after_a_while_and_take_the_key_that_is_given(packaged: Packaged, function: str) -> None:
    group = _template(packaged(*EVERYTHING_ON))["Resources"][f"{function.title()}LogGroup"]["Properties"]
    key = {"Fn::If": ["HasEncryptionKey", {"Ref": "EncryptionKeyArn"}, {"Ref": "AWS::NoValue"}]}
    assert (group["RetentionInDays"], group["KmsKeyId"]) == (90, key)


def test_only_the_stacks_own_socket_api_calls_the_function(packaged: Packaged) -> None:
    permission = _template(packaged())["Resources"]["WebsocketLambdaPermissionWebsockets"]["Properties"]
    assert permission["SourceArn"]["Fn::Sub"].endswith(":${WebsocketsApi}/*")


@pytest.mark.parametrize(("params", "begins_from_snapshots"), [((), set()), (EVERYTHING_ON, {"http", "websocket"})])
def test_snap_start_is_a_switch(packaged: Packaged, params: tuple[str, ...], begins_from_snapshots: set[str]) -> None:
    made = _template(packaged(*params))["Resources"]
    assert {each for each in FUNCTIONS if "SnapStart" in made[f"{each.title()}LambdaFunction"]["Properties"]} == (
        begins_from_snapshots
    )


def test_snap_start_is_refused_where_the_bundles_python_has_none(tmp_path: Path) -> None:
    ended = _osls(tmp_path, ("snapStart=true",), runtime="python3.11")
    assert ended.returncode != 0
    assert "needs a bundle for Python 3.12 or newer, and this one is for python3.11" in ended.stdout + ended.stderr


def test_every_function_is_told_where_files_lie(packaged: Packaged) -> None:
    made = _template(packaged())["Resources"]
    told = {
        each: made[f"{each.title()}LambdaFunction"]["Properties"]["Environment"]["Variables"].get("KEFU_BLOBS")
        for each in FUNCTIONS
    }
    assert told == {each: {"Fn::Sub": "s3:${Files}?region=${AWS::Region}"} for each in FUNCTIONS}


def _given_names(folder: Path) -> Iterator[str]:
    """Names that an account and region have once, as they come out in this stack."""
    template = _template(folder)
    provider = json.loads((folder / "serverless-state.json").read_text())["service"]["provider"]
    known = {each["ParameterKey"]: each["ParameterValue"] for each in provider["stackParameters"]}
    known["AWS::StackName"] = provider["stackName"]
    yield provider["stackName"]
    for resource in template["Resources"].values():
        given = resource["Properties"].get(NAMES.get(resource["Type"]))
        if given is not None:
            yield _resolved(given, known)
    for output in template["Outputs"].values():
        if "Export" in output:
            yield _resolved(output["Export"]["Name"], known)


def _resolved(text: Any, known: Mapping[str, str]) -> str:
    match text:
        case {"Ref": name}:
            return known[name]
        case {"Fn::Sub": pattern}:
            return re.sub(r"\$\{([^}]*)\}", lambda found: known[found[1]], pattern)
    return str(text)
