"""Parts of what is traced, for those who do not know whether anything is."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.core.tracing.present import TRACING

if TYPE_CHECKING:
    from app.core.tracing.spans import Span, SpanAttributes, Spans


def inferring(model: str, version: str, rows: int) -> AbstractContextManager[object]:
    """One try to have a model infer so many rows."""
    if (spans := TRACING.spans) is None:
        return nullcontext()
    attributes: SpanAttributes = {
        "sagemaker_fastapi.model": model,
        "sagemaker_fastapi.version": version,
        "sagemaker_fastapi.rows": rows,
    }
    return spans.within("infer", attributes)


def invoking() -> AbstractContextManager[object]:
    """A call of SageMaker's, whichever way it goes."""
    if (spans := TRACING.spans) is None:
        return nullcontext()
    attributes = {"rpc.system.name": "aws-api", "rpc.method": "SageMakerRuntime/InvokeEndpoint"}
    return spans.within("SageMakerRuntime.InvokeEndpoint", attributes, is_call=True)


def doing(task: str, asked: object = None) -> AbstractContextManager[object]:
    """A worker's task, by its kind; ``asked``: what ``Spans.carried`` gave where it was asked for."""
    if (spans := TRACING.spans) is None:
        return nullcontext()
    return spans.task(f"task {task}", asked)


@contextmanager
def exchanging(spans: "Spans", method: str, url: str) -> Iterator["Span"]:
    """A request that is sent, to be told its status by ``answered``. Of the address its host is all that is
    noted."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    attributes: SpanAttributes = {
        "http.request.method": method,
        "server.address": parts.hostname or "",
        "server.port": port,
    }
    with spans.within(method, attributes, is_call=True) as span:
        yield span


def answered(span: "Span", status: int) -> None:
    """Note the status of what was sent."""
    span.set_attribute("http.response.status_code", status)
    if status >= 400:
        from app.core.tracing.spans import mark_failed

        mark_failed(span, str(status))
