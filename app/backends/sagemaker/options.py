"""The options of a model on SageMaker."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from app.backends.sagemaker.body import BodyOptions
from app.backends.sagemaker.names import SageMakerName
from app.backends.sagemaker.transforms.transform_options import Transform
from app.backends.wire.addresses import HttpAddress

Key = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[!-.0-~][ -~]*$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,}(-[a-z0-9]+)+$")]

LINE_TYPES = ("text/csv", "application/jsonlines")
"""Media types with a row per line, which batch transform can split and put together."""


class Options(BodyOptions):
    """Where the model is and how it likes to be asked. Credentials come from the environment of boto3."""

    endpoint_name: SageMakerName
    """The endpoint's exact name."""
    target_model: Key | None = None
    """Multi-model endpoints: the artifact's key, relative to the endpoint's prefix. A new version needs a
    new key: SageMaker keeps what it has loaded under the old one."""
    target_variant: SageMakerName | None = None
    """The production variant to ask; default by the endpoint's weights."""
    inference_component: SageMakerName | None = None
    """The inference component to ask, on endpoints that host several."""
    region: Region | None = None
    """The AWS region; default that of the environment."""
    endpoint_url: HttpAddress | None = None
    """Another address of the runtime (a VPC endpoint, a stand-in); default AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME
    or AWS's own. The control plane and S3 have their own AWS_ENDPOINT_URL_SAGEMAKER and _S3."""
    max_rows: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Most rows in one call."""
    max_bytes: Annotated[int, Field(ge=1024, le=25_000_000)] = 6_000_000
    """Largest request body. AWS takes 25 MB from real-time endpoints (older pages say 6), 4 MB serverless."""
    transform: Transform | None = None
    """For prediction jobs with the engine sagemaker-batch-transform."""

    @model_validator(mode="after")
    def _transform_needs_lines(self) -> Self:
        if self.transform and {self.kind, self.answer_kind} - set(LINE_TYPES):
            raise ValueError(f"transform needs a content_type and accept of {' or '.join(LINE_TYPES)}")
        if self.transform and self.csv_header:
            raise ValueError("transform does not go with csv_header: an object is split at every line")
        if self.transform and self.transform.match == "id" and self.answer_kind != self.kind:
            raise ValueError("transform with match id needs an accept that is the content_type")
        return self

    def place(self) -> str:
        return f"{self.region or ''} {self.endpoint_name}"

    def target(self) -> dict[str, str]:
        """The arguments of InvokeEndpoint that say who is asked."""
        wanted = {
            "EndpointName": self.endpoint_name,
            "TargetModel": self.target_model,
            "TargetVariant": self.target_variant,
            "InferenceComponentName": self.inference_component,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def describe(self) -> str:
        """The target in an error's words."""
        named = f"SageMaker endpoint {self.endpoint_name!r}"
        return f"{named}, target model {self.target_model!r}" if self.target_model else named
