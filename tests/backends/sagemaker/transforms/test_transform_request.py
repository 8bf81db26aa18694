"""What CreateTransformJob is asked, held against botocore's description of it."""

import json
from collections.abc import Mapping

import pytest
from pydantic import JsonValue, ValidationError

from app.backends.sagemaker.options import Options
from app.backends.sagemaker.transforms.transform_request import job_request
from tests.support.shapes import misfits

TRANSFORM: dict[str, JsonValue] = {"model_name": "churn-3", "instance_type": "ml.m5.xlarge"}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ALL: dict[str, JsonValue] = TRANSFORM | {
    "instance_count": 3,
    "match": "id",
    "batch_strategy": "SingleRecord",
    "max_payload_mb": 25,
    "max_concurrent": 4,
    "invocation_seconds": 3600,
    "invocation_retries": 0,
    "max_minutes": 90,
    "output_kms_key": KEY,
    "volume_kms_key": "alias/batch",
    "tags": {"cost-centre": "42 / Zürich", "team": ""},
}


def request(transform: Mapping[str, JsonValue], **options: JsonValue) -> dict[str, JsonValue]:
    values = {"endpoint_name": "churn", "transform": dict(transform)} | options
    parsed = Options.model_validate(values)
    assert parsed.transform is not None
    made = job_request(
        parsed, parsed.transform, ["a", "b"], name="job", source="s3://b/i/", target="s3://b/o/"
    )
    plain: dict[str, JsonValue] = json.loads(json.dumps(made))
    assert misfits("sagemaker", "CreateTransformJob", plain) == []
    return plain


def test_each_option_is_asked_for() -> None:
    assert request(ALL) == {
        "TransformJobName": "job",
        "ModelName": "churn-3",
        "BatchStrategy": "SingleRecord",
        "MaxPayloadInMB": 25,
        "MaxConcurrentTransforms": 4,
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": 3600, "InvocationsMaxRetries": 0},
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/i/"}},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": "s3://b/o/",
            "Accept": "text/csv",
            "AssembleWith": "Line",
            "KmsKeyId": KEY,
        },
        "TransformResources": {
            "InstanceType": "ml.m5.xlarge",
            "InstanceCount": 3,
            "VolumeKmsKeyId": "alias/batch",
        },
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,3:]"},
        "Tags": [{"Key": "cost-centre", "Value": "42 / Zürich"}, {"Key": "team", "Value": ""}],
    }


def test_what_nobody_wants_is_not_asked_for() -> None:
    made = request(TRANSFORM)
    assert made.keys().isdisjoint({"ModelClientConfig", "MaxConcurrentTransforms", "DataProcessing", "Tags"})
    assert made["MaxPayloadInMB"] == 6


def test_json_lines_are_filtered_by_name() -> None:
    made = request(ALL, content_type="application/jsonlines")
    filters = {
        "InputFilter": "$.features",
        "JoinSource": "Input",
        "OutputFilter": "$['id','SageMakerOutput']",
    }
    assert made["DataProcessing"] == filters


@pytest.mark.parametrize(
    ("name", "fits", "refused"),
    [
        ("max_payload_mb", [1, 100], [0, 101]),
        ("max_concurrent", [1, 16], [0, 17, 100]),  # of 6 MB each
        ("invocation_seconds", [1, 3600], [0, 3601]),
        ("invocation_retries", [0, 3], [-1, 4]),
        ("max_minutes", [1], [0, 1.5]),
        ("output_kms_key", [KEY, "alias/a_b-1", "1234abcd"], ["", "a b", "k" * 2049]),
        ("volume_kms_key", [KEY], ["arn:aws:kms::1:key/1?"]),
        ("batch_strategy", ["MultiRecord"], ["Line", ""]),
        ("match", ["order"], ["name"]),
        (
            "tags",
            [{}, {"k" * 128: "v" * 256}, {"ä b+c=d@e": "1"}],
            [{"": "v"}, {"k" * 129: ""}, {"k": "v" * 257}],
        ),
        (
            "tags",
            [{f"{n}": "" for n in range(50)}],
            [{f"{n}": "" for n in range(51)}, {"aws:x": ""}, {"k": "a,b"}],
        ),
    ],
)
def test_what_aws_takes_of_each_option(name: str, fits: list[JsonValue], refused: list[JsonValue]) -> None:
    for value in fits:
        request(TRANSFORM | {name: value})
    for value in refused:
        with pytest.raises(ValidationError):
            request(TRANSFORM | {name: value})


def test_ids_need_one_format_for_rows_and_answers() -> None:
    with pytest.raises(ValidationError, match="an accept that is the content_type"):
        request(ALL, accept="application/jsonlines")
    request(TRANSFORM, accept="application/jsonlines")
