"""The SageMaker Runtime: POST /endpoints/{name}/invocations."""

from collections.abc import Mapping
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from app.local.endpoint.control.estate import Estate
from app.local.endpoint.errors import validation_error
from app.local.endpoint.invoker import Invocation, Invoker
from app.local.endpoint.model import ContainerAnswer
from app.local.endpoint.request import HEADER, bounded_body, headers_of


class SageMakerRuntime:
    """Answers invocations of the endpoints that there are."""

    def __init__(self, estate: Estate, invoker: Invoker, max_body_bytes: int) -> None:
        self._estate, self._invoker, self._longest = estate, invoker, max_body_bytes

    async def invoke(self, request: Request) -> Response:
        """One InvokeEndpoint call."""
        request_id = str(uuid4())
        body = await bounded_body(request, self._longest)
        live = self._estate.serving(request.path_params["name"])
        if self._estate.asynchronous(live.name) is not None:
            raise validation_error(f"Endpoint {live.name} is asynchronous: use InvokeEndpointAsync.")
        found = await self._invoker.invoke(live, Invocation(body, headers_of(request), request_id))
        own = {"x-Amzn-Invoked-Production-Variant": found.variant, "x-amzn-RequestId": request_id}
        return Response(found.answer.body, headers={**_passed_on(found.answer), **own})


def _passed_on(answer: ContainerAnswer) -> Mapping[str, str]:
    """The container's headers that reach the caller."""
    wanted = ("content-type", HEADER + "custom-attributes")
    return {name: answer.headers[name] for name in wanted if name in answer.headers}
