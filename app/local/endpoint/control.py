"""The control plane: DescribeEndpoint, DescribeEndpointConfig and DescribeModel, as JSON 1.1.

The shapes are those of the SageMaker API reference, with what a client needs to learn what is deployed.
"""

import hashlib
import time
from collections.abc import Iterable

from pydantic import JsonValue, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.local.endpoint.artifacts.sources import ServedEndpoint
from app.local.endpoint.errors import ACCOUNT, REGION, EndpointError

IMAGE = "sagemaker-fastapi/local-endpoint:latest"
ARN_PARTS = {"Endpoint": "endpoint", "EndpointConfig": "endpoint-config", "Model": "model"}

Shape = dict[str, JsonValue]
UNCHANGED_SINCE = 1577836800.0
"""2020: a start changes nothing of a deployment, and another deployment has another name."""

_parameters: TypeAdapter[Shape] = TypeAdapter(Shape)


class ControlPlane:
    """Describes endpoints that do not change while the process lives.

    Each has one variant, one configuration and one model. Configuration and model are named after the
    endpoint and what it serves: another place, or another single model, is another deployment.
    """

    def __init__(self, endpoints: Iterable[ServedEndpoint]) -> None:
        started = time.time()
        self._known = {key: shape for served in endpoints for key, shape in _resources(served, started)}

    async def describe(self, request: Request) -> Response:
        """One Describe call; ValidationException for a name that does not exist."""
        operation = request.headers.get("x-amz-target", "")
        kind = operation.removeprefix("SageMaker.Describe")
        if kind not in ARN_PARTS:
            raise EndpointError(400, "UnknownOperationException", f"The operation {operation!r} is unknown.")
        try:
            name = str(_parameters.validate_json(await request.body()).get(f"{kind}Name"))
        except ValidationError as error:
            raise EndpointError(400, "SerializationException", "The body is not a JSON object.") from error
        if (kind, name) not in self._known:
            text = ARN_PARTS[kind].replace("-config", " configuration")
            raise EndpointError(400, "ValidationException", f'Could not find {text} "{_arn(kind, name)}".')
        return JSONResponse(self._known[kind, name], media_type="application/x-amz-json-1.1")


def _resources(served: ServedEndpoint, started: float) -> Iterable[tuple[tuple[str, str], Shape]]:
    name, variant = served.endpoint.name, served.endpoint.variant
    explainer = served.endpoint.explainer.shape if served.endpoint.explainer else None
    deployed = f"{served.endpoint.artifacts} {served.state}"
    deployment = f"{name[:54]}-{hashlib.sha256(deployed.encode()).hexdigest()[:8]}"
    yield _resource(
        *("Endpoint", name, started),
        EndpointStatus="InService",
        EndpointConfigName=deployment,
        LastModifiedTime=UNCHANGED_SINCE,
        ProductionVariants=[{"VariantName": variant, **_instances(started)}],
        ExplainerConfig=explainer,
    )
    yield _resource(
        *("EndpointConfig", deployment, started),
        ProductionVariants=[{"VariantName": variant, "ModelName": deployment, "InstanceType": "local"}],
        ExplainerConfig=explainer,
    )
    mode = "MultiModel" if served.endpoint.multi_model else "SingleModel"
    yield _resource(
        *("Model", deployment, started),
        PrimaryContainer={"Image": IMAGE, "Mode": mode, "ModelDataUrl": served.model_data_url},
    )


def _resource(kind: str, name: str, started: float, **members: JsonValue) -> tuple[tuple[str, str], Shape]:
    own: Shape = {f"{kind}Name": name, f"{kind}Arn": _arn(kind, name), "CreationTime": started}
    return (kind, name), own | {member: value for member, value in members.items() if value is not None}


def _instances(started: float) -> Shape:
    image: Shape = {"SpecifiedImage": IMAGE, "ResolvedImage": IMAGE, "ResolutionTime": started}
    return {
        "DeployedImages": [image],
        **{"CurrentInstanceCount": 1, "DesiredInstanceCount": 1},
        **{"CurrentWeight": 1.0, "DesiredWeight": 1.0},
    }


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{ARN_PARTS[kind]}/{name.lower()}"
