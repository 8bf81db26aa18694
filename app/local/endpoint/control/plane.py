"""The control plane on the wire: JSON 1.1, an operation a call.

The shapes are those of the SageMaker API reference, with what a client needs to deploy something and to learn
what is deployed.
"""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.local.endpoint.control.asked import ConfigShape, ModelShape, Shape, asked, members
from app.local.endpoint.control.components import InferenceComponents
from app.local.endpoint.control.deploying import hosted
from app.local.endpoint.control.endpoints import Endpoints
from app.local.endpoint.control.estate import Estate
from app.local.endpoint.errors import EndpointError

ControlOperation = Callable[[Shape], Awaitable[Shape]]


class ControlPlane:
    """Answers the operations of the SageMaker API that there are here."""

    def __init__(self, estate: Estate, endpoints: Endpoints, further: Mapping[str, ControlOperation]) -> None:
        """``further`` are operations of other rooms, by their names."""
        self._estate, components = estate, InferenceComponents(estate)
        self._operations: Mapping[str, ControlOperation] = {
            "CreateModel": self._create_model,
            "CreateEndpointConfig": self._create_config,
            "CreateEndpoint": endpoints.create,
            "DescribeEndpoint": endpoints.describe,
            "UpdateEndpoint": endpoints.update,
            "UpdateEndpointWeightsAndCapacities": endpoints.update_weights,
            "DeleteEndpoint": endpoints.delete,
            "CreateInferenceComponent": components.create,
            "DescribeInferenceComponent": components.describe,
            "UpdateInferenceComponentRuntimeConfig": components.update_copies,
            "DeleteInferenceComponent": components.delete,
            **{f"Describe{kind}": self._describe(kind) for kind in ("Model", "EndpointConfig")},
            **{f"Delete{kind}": self._delete(kind) for kind in ("Model", "EndpointConfig")},
            **further,
        }

    async def answer(self, request: Request) -> Response:
        """One call."""
        target = request.headers.get("x-amz-target", "")
        operation = self._operations.get(target.removeprefix("SageMaker."))
        if operation is None:
            raise EndpointError(400, "UnknownOperationException", f"The operation {target!r} is unknown.")
        said = await operation(members(await request.body()))
        return JSONResponse(said, media_type="application/x-amz-json-1.1")

    async def _create_model(self, said: Shape) -> Shape:
        name = asked(ModelShape, said).model_name
        added = self._estate.add("Model", name, said)
        try:
            hosted(self._estate, name)
        except EndpointError:  # what cannot run here is refused now, rather than when it is deployed
            self._estate.remove("Model", name)
            raise
        return added

    async def _create_config(self, said: Shape) -> Shape:
        shape = asked(ConfigShape, said)
        for variant in shape.production_variants:
            if variant.model_name is not None:
                self._estate.find("Model", variant.model_name)
        return self._estate.add("EndpointConfig", shape.endpoint_config_name, said)

    def _describe(self, kind: str) -> ControlOperation:
        async def describe(said: Shape) -> Shape:
            return self._estate.find(kind, str(said.get(f"{kind}Name")))

        return describe

    def _delete(self, kind: str) -> ControlOperation:
        async def delete(said: Shape) -> Shape:
            return self._estate.remove(kind, str(said.get(f"{kind}Name")))

        return delete
