"""CreateTransformJob, in the shapes of the API reference: what matters of them here."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.local.endpoint.control.asked import ControlShape, ResourceName

S3Address = Annotated[str, StringConstraints(pattern=r"^s3://[^/]+/.*$", max_length=1024)]
PAYLOADS_IN_MB = 100
"""The most of all requests under way on an instance."""


class PrefixShape(ControlShape):
    s3_data_type: Annotated[Literal["S3Prefix"], Field(alias="S3DataType")]
    s3_uri: Annotated[S3Address, Field(alias="S3Uri")]


class DataSourceShape(ControlShape):
    s3_data_source: Annotated[PrefixShape, Field(alias="S3DataSource")]


class TransformInputShape(ControlShape):
    data_source: DataSourceShape
    content_type: str = ""
    split_type: Literal["Line"]


class TransformOutputShape(ControlShape):
    s3_output_path: Annotated[S3Address, Field(alias="S3OutputPath")]
    accept: str = ""
    assemble_with: Literal["Line"]


class TransformResourcesShape(ControlShape):
    instance_type: str
    instance_count: Annotated[int, Field(ge=1)]


class ModelClientShape(ControlShape):
    invocations_timeout_in_seconds: Annotated[int, Field(ge=1, le=3600)] = 600


class DataProcessingShape(ControlShape):
    input_filter: Annotated[str, StringConstraints(max_length=63)] = "$"
    output_filter: Annotated[str, StringConstraints(max_length=63)] = "$"
    join_source: Literal["Input", "None"] = "None"


class TransformJobShape(ControlShape):
    """Objects of lines, put together as lines; SageMaker knows other ways to split them, too."""

    transform_job_name: ResourceName
    model_name: ResourceName
    max_concurrent_transforms: Annotated[int, Field(ge=0, le=PAYLOADS_IN_MB)] = 0
    max_payload_in_mb: Annotated[int, Field(alias="MaxPayloadInMB", ge=1, le=PAYLOADS_IN_MB)] = 6
    batch_strategy: Literal["MultiRecord", "SingleRecord"] = "MultiRecord"
    transform_input: TransformInputShape
    transform_output: TransformOutputShape
    transform_resources: TransformResourcesShape
    model_client_config: ModelClientShape = ModelClientShape()
    data_processing: DataProcessingShape = DataProcessingShape()

    @model_validator(mode="after")
    def _an_instance_carries_so_much(self) -> Self:
        if self.max_concurrent_transforms * self.max_payload_in_mb > PAYLOADS_IN_MB:
            raise ValueError(f"MaxConcurrentTransforms times MaxPayloadInMB may be {PAYLOADS_IN_MB} at most")
        return self
