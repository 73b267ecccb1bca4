"""The bucket for files: for nobody but the desk, and not lost with the stack."""

from typing import Any

import pytest
from deployment import resources, service

from kefu.blobs.opening import open_blobs
from kefu.blobs.s3 import S3Blobs


@pytest.fixture
def bucket() -> dict[str, Any]:
    [found] = [each for each in resources().values() if each["Type"] == "AWS::S3::Bucket"]
    return dict(found)


def test_the_setting_of_the_stack_opens_a_bucket() -> None:
    told = service()["provider"]["environment"]["KEFU_BLOBS"]["Fn::Sub"]
    made = told.replace("${Files}", "kefu-files-1").replace("${AWS::Region}", "eu-central-1")
    assert isinstance(open_blobs(made), S3Blobs)


def test_files_outlive_their_stack(bucket: dict[str, Any]) -> None:
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_nobody_else_reads_them(bucket: dict[str, Any]) -> None:
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    assert bucket["Properties"]["PublicAccessBlockConfiguration"] == dict.fromkeys(blocked, True)
    assert bucket["Properties"]["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_they_are_encrypted_with_the_key_that_is_given(bucket: dict[str, Any]) -> None:
    [rule] = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    condition, with_key, without = rule["Fn::If"]
    assert condition == "HasEncryptionKey"
    assert with_key["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"Ref": "EncryptionKeyArn"},
    }
    assert without == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_uploads_that_broke_off_are_cleared_away_and_no_file_is(bucket: dict[str, Any]) -> None:
    [rule] = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rule.keys() == {"Id", "Status", "AbortIncompleteMultipartUpload"}
    assert (rule["Status"], rule["AbortIncompleteMultipartUpload"]) == ("Enabled", {"DaysAfterInitiation": 1})
