"""One loaded artifact: its code, run as the inference toolkit's Transformer runs it."""

import inspect
import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.local.endpoint.errors import ModelFailed
from app.local.endpoint.toolkit import content_types, decoder, encoder
from app.local.endpoint.toolkit.context import HandlerContext
from app.local.endpoint.toolkit.errors import BaseInferenceToolkitError, UnsupportedFormatError
from app.local.endpoint.user_code import forget, imported

Handler = Callable[..., object]


@dataclass(frozen=True)
class ContainerAnswer:
    """What the container answers: any status but 200 is a failure, and the body its message."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class HostedModel:
    """The handler functions of one artifact and what its ``model_fn`` returned.

    Calls run in threads, several at once, unlike under AWS's server, whose workers are processes.
    """

    def __init__(self, folder: Path) -> None:
        """Import the code and load the model. Raises ModelFailed."""
        self._folder = str(folder)
        self._module = None
        try:
            with imported(folder / "code") as self._module:
                self._transform = self._transform_fn()
                self._model = _call(
                    self._function("model_fn"), HandlerContext(self._folder, {}), self._folder
                )
        except BaseException as error:  # whatever the user's code raises; it runs in a thread
            self.unload()
            raise ModelFailed(500, f"{error}\n{traceback.format_exc()}") from error

    def unload(self) -> None:
        """Let the code go; the model itself goes with this object."""
        forget(self._module)

    def invoke(self, body: bytes, content_type: str | None, headers: Mapping[str, str]) -> ContainerAnswer:
        """Run one request; what the user's code raises becomes an answer with the toolkit's status."""
        context = HandlerContext(self._folder, headers)
        try:
            data = body.decode() if content_type in content_types.UTF8_TYPES else body
            result = _call(self._transform, context, self._model, data, content_type, context.accept)
            output, answer_type = result if isinstance(result, tuple) else (result, context.accept)
            context.set_response_header(0, "content-type", answer_type)
            return ContainerAnswer(200, _bytes(output), context.response_headers)
        except BaseInferenceToolkitError as error:
            return _failure(error.status_code, error.message)
        except BaseException as error:  # noqa: BLE001 - whatever the user's code raises, in a thread
            return _failure(500, str(error) or "Invalid Request")

    def _function(self, name: str, default: Handler | None = None) -> Handler:
        function: Handler | None = getattr(self._module, name, default)
        if function is None:
            raise NotImplementedError(f"Please provide a {name} implementation.")
        return function

    def _transform_fn(self) -> Handler:
        steps = [hasattr(self._module, name) for name in ("input_fn", "predict_fn", "output_fn")]
        if hasattr(self._module, "transform_fn") and any(steps):
            raise ValueError("transform_fn cannot be used together with input_fn, predict_fn or output_fn")
        return self._function("transform_fn", self._three_steps)

    def _three_steps(
        self, model: object, data: str | bytes, content_type: str | None, accept: str, context: HandlerContext
    ) -> object:
        decoded = _call(self._function("input_fn", decoder.decode), context, data, content_type)
        prediction = _call(self._function("predict_fn"), context, decoded, model)
        return _call(self._function("output_fn", _output), context, prediction, accept)


def _call(function: Handler, context: HandlerContext, *arguments: object) -> object:
    """A handler function takes its arguments, and the context if it has room for one more."""
    wanted = len(inspect.signature(function).parameters)
    if wanted == len(arguments) + 1:
        return function(*arguments, context)
    if wanted != len(arguments):
        raise TypeError(f"{function.__name__} takes {wanted} arguments but {len(arguments)} were given.")
    return function(*arguments)


def _output(prediction: object, accept: str) -> object:
    for content_type in accept.replace(" ", "").split(","):
        if content_type in encoder.SUPPORTED_CONTENT_TYPES:
            return encoder.encode(prediction, content_type), content_type
    raise UnsupportedFormatError(accept)


def _bytes(output: object) -> bytes:
    if isinstance(output, bytes | bytearray):
        return bytes(output)
    text = output if isinstance(output, str) else json.dumps(output, indent=2)
    return text.encode()


def _failure(status: int, message: str) -> ContainerAnswer:
    return ContainerAnswer(status, f"{message}\n{traceback.format_exc()}".encode())
