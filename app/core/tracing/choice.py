"""What the environment says of traces, in OpenTelemetry's own variables."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from app.core.errors import Misconfigured

Exporter: TypeAlias = Literal["otlp", "console"]
EXPORTER, ENDPOINT = "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT"
ENDPOINTS = (ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
OVER_HTTP = "http/protobuf"


def chosen(environment: Mapping[str, str]) -> Exporter | None:
    """Where traces go; None: nowhere. Misconfigured where it is somewhere that they cannot go to."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    wanted = environment.get(EXPORTER, "").strip().lower()
    if not wanted and any(environment.get(name) for name in ENDPOINTS):
        wanted = "otlp"
    if wanted in ("", "none"):
        return None
    if wanted == "console":
        return "console"
    if wanted != "otlp":
        raise Misconfigured(f"{EXPORTER} must be otlp, console or none, and is {wanted!r}.")
    _require_http(environment)
    return "otlp"


def _require_http(environment: Mapping[str, str]) -> None:
    for name in PROTOCOLS:
        if protocol := environment.get(name, "").strip():
            if protocol != OVER_HTTP:
                raise Misconfigured(
                    f"{name} must be {OVER_HTTP}, on port 4318 as a rule; it is {protocol!r}."
                )
            return
    for name in ENDPOINTS:
        address = environment.get(name, "").strip()
        if address and not address.startswith(("http://", "https://")):
            raise Misconfigured(f"{name} must be an address: http://host:4318 or https://host.")
