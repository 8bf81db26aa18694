"""From spans to whoever collects them: a thread sends them, and whether it can is nobody's concern."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from app.core.errors import Misconfigured
from app.core.tracing.choice import EXPORTER, Exporter, chosen
from app.core.tracing.present import TRACING

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace.export import SpanExporter

NAME = "sagemaker-fastapi"
"""As services are named in traces, if OTEL_SERVICE_NAME does not say otherwise."""
PACKAGES = "opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"
"""Of requirements-otel.txt."""
LAST_WORDS = 3.0
"""Seconds that the end of a process waits for the last spans to be sent."""


def is_wanted() -> bool:
    """Whether this process is to trace. Misconfigured where it cannot as it is told to."""
    if chosen(os.environ) is None:
        return False
    if any(find_spec(package) is None for package in PACKAGES):
        needed = "Traces need the packages of OpenTelemetry's: pip install -r requirements-otel.txt"
        raise Misconfigured(f"{needed} (or set {EXPORTER}=none).")
    return True


@contextmanager
def exporting() -> Iterator[None]:
    """Trace until the end of the block, if the environment says so; what is there is sent then.

    Of several blocks in a process the first counts. Raises as ``is_wanted``.
    """
    exporter = chosen(os.environ) if is_wanted() else None
    if exporter is None or TRACING.spans is not None:
        yield
        return
    processor = _opened(exporter)
    try:
        yield
    finally:
        TRACING.spans = None
        # Its own patience is half a minute. What it is left with ends with the process.
        last = threading.Thread(target=processor.shutdown, name="last spans", daemon=True)
        last.start()
        last.join(LAST_WORDS)


def _opened(exporter: Exporter) -> "SpanProcessor":
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from app.core.tracing.spans import Spans

    processor = BatchSpanProcessor(_exporter(exporter))
    # Not the global one, which FastAPI's own telemetry looks for: that writes down paths and messages.
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    TRACING.spans = Spans(provider.get_tracer(NAME))
    return processor


def _exporter(exporter: Exporter) -> "SpanExporter":
    if exporter == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()  # which reads the variables


def _resource() -> "Resource":
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource

    given = Resource.create()
    if str(given.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        return given.merge(Resource({SERVICE_NAME: NAME}))
    return given
