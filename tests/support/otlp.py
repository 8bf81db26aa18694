"""A collector of traces: a real OTLP/HTTP receiver, and what it was sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.http_stub import HttpStub, http_stub

SENT = "/v1/traces"


@dataclass(frozen=True)
class SentSpan:
    """Ids are hexadecimal; ``kind`` as OTLP numbers it: 1 internal, 2 server, 3 client, 5 consumer."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    attributes: dict[str, str | int]
    links: list[str]
    """The traces that it has links to."""
    service: str
    failed: bool


@dataclass(frozen=True)
class Collector:
    stub: HttpStub

    @property
    def raw(self) -> bytes:
        return b"".join(request.body for request in self.stub.requests)

    def spans(self) -> list[SentSpan]:
        return [one for request in self.stub.requests for one in _read(request.body)]

    def named(self, name: str) -> list[SentSpan]:
        return [one for one in self.spans() if one.name == name]


@contextmanager
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """The receiver, and the environment that leads to it."""
    with http_stub() as stub:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", stub.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        yield Collector(stub)


def _read(body: bytes) -> Iterator[SentSpan]:
    sent = ExportTraceServiceRequest.FromString(body)
    for resource in sent.resource_spans:
        about = {one.key: one.value.string_value for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield SentSpan(
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.kind,
                    {one.key: one.value.string_value or one.value.int_value for one in span.attributes},
                    [link.trace_id.hex() for link in span.links],
                    about["service.name"],
                    span.status.code == 2,
                )
