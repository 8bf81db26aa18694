"""The present trace goes out with a call, whichever way it goes, and no signature covers it."""

import pytest

from app.backends.sagemaker.calls import chosen
from app.core.tracing.exporting import exporting
from app.core.tracing.present import TRACING
from tests.backends.sagemaker.calls.conftest import CSV, Opener
from tests.support.aws_stub import AwsStub
from tests.support.otlp import collector

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "tracestate": "vendor=x1"}


@pytest.mark.parametrize("by_botocore", [True, False])
async def test_a_call_hands_the_trace_on_unsigned(
    aws: AwsStub, opener: Opener, monkeypatch: pytest.MonkeyPatch, by_botocore: bool
) -> None:
    if by_botocore:
        monkeypatch.setenv(chosen.PLUGINS, "tracing=no_such_module")
    calls = opener(CSV)
    with collector(monkeypatch) as collected:
        with exporting():
            assert TRACING.spans is not None
            with TRACING.spans.request("GET /", GIVEN, {}):
                await calls.invoke(b"1,2")
        parent = collected.named("SageMakerRuntime.InvokeEndpoint" if by_botocore else "POST")[0]
    (asked,) = aws.requests
    assert asked.headers["traceparent"] == f"00-{TRACE}-{parent.span_id}-01"
    assert asked.headers["tracestate"] == "vendor=x1"
    assert "trace" not in asked.headers["authorization"]
    assert type(calls._way).__name__ == ("ThreadCalls" if by_botocore else "SignedCalls")
