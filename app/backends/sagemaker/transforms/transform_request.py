"""What CreateTransformJob is asked for, of a version's options."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from app.backends.sagemaker.options import Options
from app.backends.sagemaker.transform_options import Transform
from app.backends.sagemaker.transforms.transform_lines import filters

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.literals import TransformInstanceTypeType
    from mypy_boto3_sagemaker.type_defs import (
        CreateTransformJobRequestTypeDef,
        ModelClientConfigTypeDef,
        TransformOutputTypeDef,
        TransformResourcesTypeDef,
    )


def job_request(
    options: Options, wanted: Transform, features: Sequence[str], *, name: str, source: str, target: str
) -> "CreateTransformJobRequestTypeDef":
    """The job ``name`` on the objects below ``source``; both are s3:// prefixes."""
    request: CreateTransformJobRequestTypeDef = {
        "TransformJobName": name,
        "ModelName": wanted.model_name,
        "BatchStrategy": wanted.batch_strategy,
        "MaxPayloadInMB": wanted.max_payload_mb,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source}},
            "ContentType": options.announced,
            "SplitType": "Line",
        },
        "TransformOutput": _output(options, wanted, target),
        "TransformResources": _resources(wanted),
    }
    if wanted.max_concurrent is not None:
        request["MaxConcurrentTransforms"] = wanted.max_concurrent
    if client := _client(wanted):
        request["ModelClientConfig"] = client
    if wanted.match == "id":
        request["DataProcessing"] = filters(options.kind, len(features))
    if wanted.tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in wanted.tags.items()]
    return request


def _output(options: Options, wanted: Transform, target: str) -> "TransformOutputTypeDef":
    output: TransformOutputTypeDef = {
        "S3OutputPath": target,
        "Accept": options.asked_for,
        "AssembleWith": "Line",
    }
    if wanted.output_kms_key:
        output["KmsKeyId"] = wanted.output_kms_key
    return output


def _resources(wanted: Transform) -> "TransformResourcesTypeDef":
    resources: TransformResourcesTypeDef = {
        # The stubs list the types of their day; AWS adds to them.
        "InstanceType": cast("TransformInstanceTypeType", wanted.instance_type),
        "InstanceCount": wanted.instance_count,
    }
    if wanted.volume_kms_key:
        resources["VolumeKmsKeyId"] = wanted.volume_kms_key
    return resources


def _client(wanted: Transform) -> "ModelClientConfigTypeDef":
    client: ModelClientConfigTypeDef = {}
    if wanted.invocation_seconds is not None:
        client["InvocationsTimeoutInSeconds"] = wanted.invocation_seconds
    if wanted.invocation_retries is not None:
        client["InvocationsMaxRetries"] = wanted.invocation_retries
    return client
