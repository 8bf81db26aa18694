"""Spans, after OpenTelemetry's semantic conventions. Imported where something is traced, and only there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from opentelemetry import context as contexts
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    Span,
    SpanKind,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.core.tracing.ids import TraceIds

__all__ = ["Span", "Spans"]

SpanAttributes: TypeAlias = Mapping[str, str | int]
TRACE_CONTEXT = TraceContextTextMapPropagator()
"""``traceparent`` and ``tracestate`` alone: baggage is whatever a caller puts into it."""
_LINKED = contexts.create_key("linked")


class Spans:
    """Makes a process's spans."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def request(self, name: str, headers: Mapping[str, str], attributes: SpanAttributes) -> Iterator[Span]:
        """The span of a request, in its caller's trace if its headers name one."""
        parent = TRACE_CONTEXT.extract(headers, context=contexts.Context())
        span = self._tracer.start_span(name, parent, SpanKind.SERVER, attributes)
        with _current(span):
            yield span

    @contextmanager
    def task(self, name: str, asked: object) -> Iterator[Span]:
        """The span of work for later, a trace of its own with a link to that in which it was ``asked`` for:
        what ``carried`` gave then."""
        given = {str(key): str(value) for key, value in asked.items()} if isinstance(asked, Mapping) else {}
        parent = get_current_span(TRACE_CONTEXT.extract(given, context=contexts.Context()))
        links = [Link(parent.get_span_context())] if parent.get_span_context().is_valid else []
        root = contexts.Context()
        span = self._tracer.start_span(name, root, SpanKind.CONSUMER, links=links)
        with _current(span):
            yield span

    @contextmanager
    def within(self, name: str, attributes: SpanAttributes, *, is_call: bool = False) -> Iterator[Span]:
        """A part of what is traced now; ``is_call``: something else is asked in it. Where nothing is traced,
        or it is not sampled, no span is made."""
        span = self.begin(name, attributes, is_call=is_call)
        if span is INVALID_SPAN:
            yield span
            return
        with _current(span):
            yield span

    def begin(self, name: str, attributes: SpanAttributes, *, is_call: bool = False) -> Span:
        """The same, to be ended by the caller, and current nowhere."""
        if not get_current_span().get_span_context().trace_flags.sampled:
            return INVALID_SPAN
        linked = contexts.get_value(_LINKED)
        links = [Link(one.get_span_context()) for one in linked] if isinstance(linked, tuple) else []
        kind = SpanKind.CLIENT if is_call else SpanKind.INTERNAL
        return self._tracer.start_span(name, kind=kind, attributes=attributes, links=links)

    def carried(self) -> dict[str, str]:
        """The headers that hand the present trace on, sampled or not; none where there is none."""
        headers: dict[str, str] = {}
        TRACE_CONTEXT.inject(headers)
        return headers

    def asker(self) -> Span:
        """Who asks for something that is then done for several together."""
        return get_current_span()

    @contextmanager
    def together(self, askers: Sequence[object]) -> Iterator[None]:
        """What is done for several ``askers`` is part of the trace of the first that is sampled, and each of
        its spans has links to those of the others."""
        spans = [
            one for one in askers if isinstance(one, Span) and one.get_span_context().trace_flags.sampled
        ]
        if not spans:
            yield
            return
        linked = contexts.set_value(_LINKED, tuple(spans[1:]), set_span_in_context(spans[0]))
        token = contexts.attach(linked)
        try:
            yield
        finally:
            contexts.detach(token)

    def present(self) -> TraceIds | None:
        """The ids for a log line."""
        return ids_of(get_current_span())


def ids_of(span: Span) -> TraceIds | None:
    """The ids of a span for a log line; None where there is none."""
    found = span.get_span_context()
    return TraceIds(f"{found.trace_id:032x}", f"{found.span_id:016x}") if found.is_valid else None


def failed(span: Span, error: BaseException) -> None:
    """Note on a span what it failed by: the type of it, since its message may quote a record."""
    mark_failed(span, type(error).__qualname__)


def mark_failed(span: Span, kind: str) -> None:
    """``kind`` is one of few words."""
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


@contextmanager
def _current(span: Span) -> Iterator[None]:
    try:
        with use_span(span, record_exception=False, set_status_on_exception=False):
            yield
    except BaseException as error:
        failed(span, error)
        raise
    finally:
        span.end()
