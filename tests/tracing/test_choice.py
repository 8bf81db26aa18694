"""What OpenTelemetry's variables mean here."""

import pytest

from app.core.errors import Misconfigured
from app.core.tracing import exporting
from app.core.tracing.choice import chosen

ADDRESS = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


@pytest.mark.parametrize(
    ("environment", "exporter"),
    [
        ({}, None),
        ({"OTEL_SERVICE_NAME": "scores"}, None),
        (ADDRESS, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector/v1/traces"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, None),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": " Console "}, "console"),
        ({**ADDRESS, "OTEL_TRACES_EXPORTER": "none"}, None),
        ({**ADDRESS, "OTEL_SDK_DISABLED": "true"}, None),
        ({**ADDRESS, "OTEL_SDK_DISABLED": "false"}, "otlp"),
        ({**ADDRESS, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "otlp"),
        (
            {
                **ADDRESS,
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            "otlp",
        ),
    ],
)
def test_where_traces_go(environment: dict[str, str], exporter: str | None) -> None:
    assert chosen(environment) == exporter


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER must be otlp, console or none"),
        ({"OTEL_TRACES_EXPORTER": "otlp,console"}, "OTEL_TRACES_EXPORTER must be otlp, console or none"),
        ({**ADDRESS, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL must be http"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, "must be an address: http://host:4318"),
    ],
)
def test_where_they_cannot_go_is_told_at_once(environment: dict[str, str], named: str) -> None:
    with pytest.raises(Misconfigured, match=named):
        chosen(environment)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PACKAGES", ("no_such_package",))
    assert not exporting.is_wanted()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    with pytest.raises(Misconfigured, match=r"pip install -r requirements-otel\.txt"):
        exporting.is_wanted()
