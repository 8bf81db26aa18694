"""The options of a model on SageMaker."""

from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from app.backends.base import BackendOptions
from app.backends.sagemaker.explainers.explainer import Explainer
from app.backends.wire.addresses import HttpAddress
from app.backends.wire.formats import ContentType
from app.backends.wire.replies import CsvReply

# boto3 sends any name; these are the service's rules (API reference of InvokeEndpoint).
SageMakerName = Annotated[str, StringConstraints(max_length=63, pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[!-.0-~][ -~]*$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,}(-[a-z0-9]+)+$")]
InstanceType = Annotated[str, StringConstraints(max_length=63, pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$")]
MediaType = Annotated[str, StringConstraints(max_length=1024, pattern=r"^[!-~][ -~]*$")]


LINE_TYPES = ("text/csv", "application/jsonlines")
"""Media types with a row per line, which batch transform can split and put together."""


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


class Options(BackendOptions):
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
    content_type: ContentType = "text/csv"
    """How rows are sent: text/csv, application/json or application/jsonlines."""
    accept: MediaType | None = None
    """What the model is asked to answer; default like content_type. Read is what the answer announces."""
    csv_reply: CsvReply = "lines"
    """How a text/csv answer holds several rows: lines, one each, or one_line with a value per row, as the
    built-in XGBoost answers."""
    json_key: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """Sends application/json as {json_key: rows}, for TensorFlow Serving and the built-in algorithms
    "instances"; default a bare list of rows, which the scikit-learn and PyTorch containers read."""
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
    explainer: Explainer | None = None
    """What explains predictions, for who asks with explain; by default nothing does."""

    @model_validator(mode="after")
    def _transform_needs_lines(self) -> Self:
        if self.transform and {self.content_type, self.accept or self.content_type} - set(LINE_TYPES):
            raise ValueError(f"transform needs a content_type and accept of {' or '.join(LINE_TYPES)}")
        return self

    @model_validator(mode="after")
    def _clarify_needs_lines(self) -> Self:
        if self.explained_by == "clarify" and {self.content_type, self.accept or self.content_type} - set(
            LINE_TYPES
        ):
            raise ValueError(
                f"an explainer of kind clarify needs a content_type and accept of {' or '.join(LINE_TYPES)}"
            )
        return self

    @property
    def explained_by(self) -> str | None:
        return self.explainer.kind if self.explainer else None

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
