"""The request's context, as the multi-model-server gives it to a handler function that takes one more."""

from collections.abc import Mapping

from app.local.endpoint.toolkit import content_types


class HandlerContext:
    """Headers in, headers out. ``idx`` is the place in a batch, and batches hold one request."""

    def __init__(self, model_dir: str, headers: Mapping[str, str]) -> None:
        self.system_properties = {"model_dir": model_dir}
        self.response_headers: dict[str, str] = {}
        self._headers = {name.lower(): value for name, value in headers.items()}

    @property
    def accept(self) -> str:
        """What the caller wants; JSON where it does not say."""
        wanted = self._headers.get("accept")
        return content_types.JSON if not wanted or wanted == content_types.ANY else wanted

    def get_request_header(self, idx: int, key: str) -> str | None:  # noqa: ARG002
        return self._headers.get(key.lower())

    def get_all_request_header(self, idx: int) -> Mapping[str, str]:  # noqa: ARG002
        return self._headers

    def set_response_header(self, idx: int, key: str, value: str) -> None:  # noqa: ARG002
        value.encode("ascii")  # fails here, in the model's name, and not when the reply is sent
        self.response_headers[key.lower()] = value
