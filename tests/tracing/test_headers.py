"""Headers that name no trace: what is in them is a caller's, and is in no log."""

import pytest
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pydantic import SecretStr

from app.core.logging import configure_logging
from tests.support.settings import IsolatedSettings

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("traceparent", "tracestate"),
    [
        (PARENT, "canary"),
        (PARENT, "canary=1,canary=2"),
        (PARENT, "a=1,Canary=\u00e9"),
        ("canary" * 1000, "a=1"),
    ],
)
def test_a_caller_writes_nothing_into_the_log(
    capsys: pytest.CaptureFixture[str], traceparent: str, tracestate: str
) -> None:
    configure_logging(IsolatedSettings(database_url=SecretStr("postgresql://nowhere/x")))
    TraceContextTextMapPropagator().extract({"traceparent": traceparent, "tracestate": tracestate})
    assert capsys.readouterr().err == ""
