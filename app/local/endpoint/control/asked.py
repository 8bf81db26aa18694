"""What the control plane is asked, in the shapes of the SageMaker API reference: what matters of them here.

Whatever else a request says is kept, and described as it was said.
"""

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, TypeAdapter, ValidationError
from pydantic.alias_generators import to_pascal

from app.local.endpoint.config import NAME
from app.local.endpoint.errors import EndpointError

Shape = dict[str, JsonValue]
ResourceName = Annotated[str, StringConstraints(max_length=63, pattern=rf"^{NAME.pattern}$")]
Weight = Annotated[float, Field(ge=0)]

T = TypeVar("T", bound="ControlShape")
_shape: TypeAdapter[Shape] = TypeAdapter(Shape)


class ControlShape(BaseModel):
    """Members are named as in the API reference."""

    model_config = ConfigDict(alias_generator=to_pascal, frozen=True)


class ContainerShape(ControlShape):
    image: str = ""
    container_hostname: ResourceName | None = None
    mode: Literal["SingleModel", "MultiModel"] = "SingleModel"
    model_data_url: str | None = None


class ExecutionShape(ControlShape):
    mode: Literal["Serial", "Direct"]


class ModelShape(ControlShape):
    """CreateModel."""

    model_name: ResourceName
    primary_container: ContainerShape | None = None
    containers: Annotated[list[ContainerShape], Field(max_length=15)] = []
    inference_execution_config: ExecutionShape | None = None


class ServerlessShape(ControlShape):
    memory_size_in_mb: Annotated[int, Field(alias="MemorySizeInMB", ge=1024, le=6144)]
    max_concurrency: Annotated[int, Field(ge=1, le=200)]
    provisioned_concurrency: Annotated[int, Field(ge=1, le=200)] | None = None


class VariantShape(ControlShape):
    """Without a model it hosts inference components."""

    variant_name: ResourceName
    model_name: ResourceName | None = None
    initial_instance_count: Annotated[int, Field(ge=0)] = 1
    initial_variant_weight: Weight = 1.0
    serverless_config: ServerlessShape | None = None


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


class ConfigShape(ControlShape):
    """CreateEndpointConfig."""

    endpoint_config_name: ResourceName
    production_variants: Annotated[list[VariantShape], Field(min_length=1, max_length=10)]
    data_capture_config: CaptureShape | None = None


class NewEndpointShape(ControlShape):
    """CreateEndpoint."""

    endpoint_name: ResourceName
    endpoint_config_name: ResourceName


class SizeShape(ControlShape):
    type: Literal["INSTANCE_COUNT", "CAPACITY_PERCENT"]
    value: Annotated[int, Field(ge=1)]


class RoutingShape(ControlShape):
    type: Literal["ALL_AT_ONCE", "CANARY", "LINEAR"]
    wait_interval_in_seconds: Annotated[int, Field(ge=0, le=3600)]
    canary_size: SizeShape | None = None
    linear_step_size: SizeShape | None = None


class BlueGreenShape(ControlShape):
    traffic_routing_configuration: RoutingShape
    termination_wait_in_seconds: Annotated[int, Field(ge=0, le=3600)] = 0


class RollingShape(ControlShape):
    maximum_batch_size: SizeShape
    wait_interval_in_seconds: Annotated[int, Field(ge=0, le=3600)]


class AlarmShape(ControlShape):
    alarm_name: str


class RollbackShape(ControlShape):
    alarms: list[AlarmShape] = []


class DeploymentShape(ControlShape):
    """How an update moves traffic from the old fleet to the new one."""

    blue_green_update_policy: BlueGreenShape | None = None
    rolling_update_policy: RollingShape | None = None
    auto_rollback_configuration: RollbackShape = RollbackShape()


class PropertyShape(ControlShape):
    variant_property_type: Literal["DesiredInstanceCount", "DesiredWeight", "DataCaptureConfig"]


class UpdateShape(ControlShape):
    """UpdateEndpoint."""

    endpoint_name: ResourceName
    endpoint_config_name: ResourceName
    retain_all_variant_properties: bool = False
    exclude_retained_variant_properties: list[PropertyShape] = []
    deployment_config: DeploymentShape | None = None
    retain_deployment_config: bool = False


class DesiredShape(ControlShape):
    variant_name: ResourceName
    desired_weight: Weight | None = None
    desired_instance_count: Annotated[int, Field(ge=0)] | None = None


class WeightsShape(ControlShape):
    """UpdateEndpointWeightsAndCapacities."""

    endpoint_name: ResourceName
    desired_weights_and_capacities: Annotated[list[DesiredShape], Field(min_length=1)]


class ComponentContainerShape(ControlShape):
    image: str = ""
    artifact_url: str | None = None


class SpecificationShape(ControlShape):
    model_name: ResourceName | None = None
    container: ComponentContainerShape | None = None


class CopiesShape(ControlShape):
    copy_count: Annotated[int, Field(ge=0)]


class ComponentShape(ControlShape):
    """CreateInferenceComponent."""

    inference_component_name: ResourceName
    endpoint_name: ResourceName
    variant_name: ResourceName
    specification: SpecificationShape
    runtime_config: CopiesShape


class NewCopiesShape(ControlShape):
    """UpdateInferenceComponentRuntimeConfig."""

    inference_component_name: ResourceName
    desired_runtime_config: CopiesShape


def members(body: bytes) -> Shape:
    """The members of a request. SerializationException where it is no JSON object."""
    try:
        return _shape.validate_json(body)
    except ValidationError as error:
        raise EndpointError(400, "SerializationException", "The body is not a JSON object.") from error


def asked(kind: type[T], said: Shape) -> T:
    """What a request asks. ValidationException names the first member that is no good."""
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part)[:1].lower() + str(part)[1:] for part in fault["loc"])
        raise refused(
            f"1 validation error detected: Value at '{place}' failed to satisfy constraint: {fault['msg']}"
        ) from error


def refused(message: str) -> EndpointError:
    """The control plane's refusal (the runtime's is called ValidationError)."""
    return EndpointError(400, "ValidationException", message)
