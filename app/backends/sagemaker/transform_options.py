"""The option ``transform`` of a version: what a batch transform job of it is made of."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from app.backends.base import BackendOptions
from app.backends.sagemaker.names import SageMakerName

# The rules of CreateTransformJob (API reference); boto3 knows them and checks few.
InstanceType = Annotated[str, StringConstraints(max_length=63, pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$")]
KmsKey = Annotated[str, StringConstraints(min_length=1, max_length=2048, pattern=r"^[a-zA-Z0-9:/_-]+$")]
TagText = Annotated[str, StringConstraints(max_length=256, pattern=r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$")]
TagKey = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$")
]

PAYLOADS_MB = 100
"""The most that all requests under way on an instance may carry (API reference, MaxPayloadInMB)."""


class Transform(BaseModel):
    """How batch transform jobs predict with the version."""

    model_config = BackendOptions.model_config

    model_name: SageMakerName
    """The SageMaker model (CreateModel) to run. A transform job asks no endpoint and knows no target model:
    an artifact of a multi-model endpoint needs a model of its own."""
    instance_type: InstanceType
    """Such as ml.m5.xlarge; the account needs a quota of it "for transform job usage"."""
    instance_count: Annotated[int, Field(ge=1, le=100)] = 1
    """Instances that share the job's objects, of 1,000 rows each."""
    match: Literal["order", "id"] = "order"
    """How answers find their rows: by their order, which AWS keeps, or by an id that goes past the model with
    each row and comes back beside its answer (DataProcessing); content_type and accept are the same then."""
    batch_strategy: Literal["MultiRecord", "SingleRecord"] = "MultiRecord"
    """Whether the model gets as many rows in a request as fit, or one: for models that take no more, or whose
    answers come in another order than the rows."""
    max_payload_mb: Annotated[int, Field(ge=1, le=PAYLOADS_MB)] = 6
    """The most that a request to the model carries, and so a row. Times max_concurrent: 100 at most."""
    max_concurrent: Annotated[int, Field(ge=1, le=PAYLOADS_MB)] | None = None
    """Requests at a time to each instance; by default what the container says, else one."""
    invocation_seconds: Annotated[int, Field(ge=1, le=3600)] | None = None
    """How long the model may take for a request; by default AWS's 600."""
    invocation_retries: Annotated[int, Field(ge=0, le=3)] | None = None
    """How often a request that failed is sent again; by default AWS's 3."""
    max_minutes: Annotated[int, Field(ge=1, le=28 * 24 * 60)] = 24 * 60
    """A job that takes longer, the start of its instances included, is stopped, and has failed."""
    output_kms_key: KmsKey | None = None
    """The KMS key of the outputs on S3: its id, ARN or alias; by default S3's own."""
    volume_kms_key: KmsKey | None = None
    """The KMS key of the instances' volumes; not for instance types with storage of their own."""
    tags: Annotated[Mapping[TagKey, TagText], Field(max_length=50)] | None = None
    """Tags of each transform job, such as whose bill it is on."""

    @model_validator(mode="after")
    def _an_instance_carries_so_much(self) -> Self:
        if self.max_payload_mb * (self.max_concurrent or 1) > PAYLOADS_MB:
            raise ValueError(f"max_payload_mb times max_concurrent may be {PAYLOADS_MB} at most")
        if any(key.lower().startswith("aws:") for key in self.tags or {}):
            raise ValueError("tags may not begin with aws:, which is AWS's own")
        return self
