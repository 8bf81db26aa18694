"""What an endpoint's configuration may have beside its variants: capture, an explainer, answers on S3."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_pascal


class ControlShape(BaseModel):
    """What the control plane is asked. Members are named as in the API reference."""

    model_config = ConfigDict(alias_generator=to_pascal, frozen=True)


class CaptureModeShape(ControlShape):
    capture_mode: Literal["Input", "Output", "InputAndOutput"]


class CaptureTypesShape(ControlShape):
    csv_content_types: list[str] = []
    json_content_types: list[str] = []


class CaptureShape(ControlShape):
    enable_capture: bool = True
    initial_sampling_percentage: Annotated[int, Field(ge=0, le=100)]
    destination_s3_uri: Annotated[str, StringConstraints(pattern=r"^s3://[^/]+")]
    capture_options: Annotated[list[CaptureModeShape], Field(min_length=1)]
    capture_content_type_header: CaptureTypesShape = CaptureTypesShape()


class BaselineShape(ControlShape):
    """In place: one that lies in S3 is not read here."""

    shap_baseline: Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class ShapShape(ControlShape):
    shap_baseline_config: BaselineShape
    use_logit: bool = False


class ClarifyInferenceShape(ControlShape):
    probability_index: Annotated[int, Field(ge=0)] | None = None
    probability_attribute: str | None = None
    label_headers: tuple[str, ...] = ()
    feature_headers: tuple[str, ...] = ()


class ClarifyShape(ControlShape):
    enable_explanations: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    inference_config: ClarifyInferenceShape = ClarifyInferenceShape()
    shap_config: ShapShape


class ExplainerShape(ControlShape):
    clarify_explainer_config: ClarifyShape


class AsyncClientShape(ControlShape):
    max_concurrent_invocations_per_instance: Annotated[int, Field(ge=1, le=1000)] = 4


class AsyncOutputShape(ControlShape):
    s3_output_path: Annotated[str, StringConstraints(pattern=r"^s3://[^/]+")]
    s3_failure_path: str = ""


class AsyncShape(ControlShape):
    """AsyncInferenceConfig."""

    output_config: AsyncOutputShape
    client_config: AsyncClientShape = AsyncClientShape()
