"""The options of a model on SageMaker."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from app.aws import Role
from app.backends.sagemaker.asynchronous_options import OF_ONE_CALL, Asynchronous
from app.backends.sagemaker.body import BodyOptions
from app.backends.sagemaker.explainers.explainer import ATTRIBUTE, Explainer, with_attribute
from app.backends.sagemaker.names import SageMakerName
from app.backends.sagemaker.transform_options import Transform
from app.backends.wire.addresses import HttpAddress

Key = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[!-.0-~][ -~]*$")]
MOST_ATTRIBUTES = 1024
"""Characters that InvokeEndpoint takes."""
Attributes = Annotated[
    str, StringConstraints(min_length=1, max_length=MOST_ATTRIBUTES, pattern=r"^[!-~]([ -~]*[!-~])?$")
]
RoleArn = Annotated[
    str,
    StringConstraints(max_length=2048, pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[a-zA-Z0-9_+=,.@/-]+$"),
]
ExternalId = Annotated[
    str, StringConstraints(min_length=2, max_length=1224, pattern=r"^[a-zA-Z0-9_+=,.@:/-]+$")
]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,}(-[a-z0-9]+)+$")]

LINE_TYPES = ("text/csv", "application/jsonlines")
"""Media types with a row per line, which batch transform can split and put together."""


class Options(BodyOptions):
    """Where the model is and how it likes to be asked. Credentials come from the environment of boto3."""

    looks_wake = False

    endpoint_name: SageMakerName
    """The endpoint's exact name."""
    target_model: Key | None = None
    """Multi-model endpoints: the artifact's key, relative to the endpoint's prefix. A new version needs a
    new key: SageMaker keeps what it has loaded under the old one."""
    target_variant: SageMakerName | None = None
    """The production variant to ask; default by the endpoint's weights."""
    inference_component: SageMakerName | None = None
    """The inference component to ask, on endpoints that host several."""
    target_container_hostname: SageMakerName | None = None
    """Multi-container endpoints whose containers are invoked directly: the ContainerHostname of the one to
    ask."""
    custom_attributes: Attributes | None = None
    """Sent with each call as CustomAttributes, for the container to read beside the rows: visible ASCII, no
    secret. What the container says in return is kept with the predictions."""
    region: Region | None = None
    """The AWS region; default that of the environment."""
    role_arn: RoleArn | None = None
    """A role to assume for all that is asked of AWS for this version, in the endpoint's account say; default
    none: the service's own credentials."""
    external_id: ExternalId | None = None
    """The ExternalId that the role's trust policy asks for. AWS takes it for no secret, and it is shown."""
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
    asynchronous: Asynchronous | None = None
    """For an asynchronous endpoint, whose answers a worker fetches from S3; {} has its defaults."""

    @model_validator(mode="after")
    def _transform_needs_lines(self) -> Self:
        if self.transform and {self.kind, self.answer_kind} - set(LINE_TYPES):
            raise ValueError(f"transform needs a content_type and accept of {' or '.join(LINE_TYPES)}")
        if self.transform and self.csv_header:
            raise ValueError("transform does not go with csv_header: an object is split at every line")
        if self.transform and self.transform.match == "id" and self.answer_kind != self.kind:
            raise ValueError("transform with match id needs an accept that is the content_type")
        return self

    @field_validator("external_id")
    @classmethod
    def _is_of_a_role(cls, external_id: str | None, info: ValidationInfo) -> str | None:
        if external_id and info.data.get("role_arn", external_id) is None:
            raise ValueError("needs role_arn, the role that is assumed with it")
        return external_id

    @model_validator(mode="after")
    def _clarify_needs_lines(self) -> Self:
        if self.explained_by == "clarify" and {self.kind, self.answer_kind} - set(LINE_TYPES):
            lines = " or ".join(LINE_TYPES)
            raise ValueError(f"an explainer of kind clarify needs a content_type and accept of {lines}")
        if self.explained_by == "clarify" and self.csv_header:
            raise ValueError("an explainer of kind clarify does not go with csv_header: each line is a row")
        return self

    @model_validator(mode="after")
    def _container_is_asked_by_an_attribute(self) -> Self:
        given = self.custom_attributes or ""
        if self.explained_by != "container":
            return self
        if self.rows == "tensors":
            raise ValueError(
                "an explainer of kind container answers objects, which rows 'tensors' cannot have"
            )
        if ATTRIBUTE in given:
            raise ValueError(
                f"custom_attributes may not have {ATTRIBUTE}: each prediction would be explained"
            )
        if len(with_attribute(given)) > MOST_ATTRIBUTES:
            most = MOST_ATTRIBUTES - len(with_attribute("-")) + 1
            raise ValueError(f"custom_attributes may have {most} characters: an explainer adds {ATTRIBUTE}")
        return self

    @model_validator(mode="after")
    def _asynchronous_has_one_target(self) -> Self:
        others = [name for name in OF_ONE_CALL if getattr(self, name) is not None]
        if self.asynchronous and others:
            raise ValueError(f"asynchronous endpoints take no {' and no '.join(others)}")
        return self

    @property
    def explained_by(self) -> str | None:
        return self.explainer.kind if self.explainer else None

    @property
    def submits(self) -> bool:
        return self.asynchronous is not None

    @property
    def role(self) -> Role | None:
        """The role to assume."""
        return Role(self.role_arn, self.external_id) if self.role_arn else None

    def most_rows(self, *, explains: bool) -> int:
        """Most rows in one call, of which one that ``explains`` has fewer."""
        return min(self.max_rows, self.explainer.max_rows) if explains and self.explainer else self.max_rows

    def place(self) -> str:
        role = f" {self.role_arn} {self.external_id or ''}" if self.role_arn else ""
        return f"{self.region or ''} {self.endpoint_name}{role}"

    def target(self) -> dict[str, str]:
        """The arguments of InvokeEndpoint that say who is asked, and are the same for each call."""
        wanted = {
            "EndpointName": self.endpoint_name,
            "TargetModel": self.target_model,
            "TargetVariant": self.target_variant,
            "InferenceComponentName": self.inference_component,
            "TargetContainerHostname": self.target_container_hostname,
            "CustomAttributes": self.custom_attributes,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def describe(self) -> str:
        """The target in an error's words."""
        named = f"SageMaker endpoint {self.endpoint_name!r}"
        return f"{named}, target model {self.target_model!r}" if self.target_model else named
