"""Where nothing is traced there is nothing of it; a caller's trace is in the log all the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.settings import Settings
from app.core.tracing.ids import trace_of
from tests.support.app import client_of, running_app

ROOT = Path(__file__).parents[2]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TOLD = f"00-{TRACE}-00f067aa0ba902b7-01"
SERVE = """
import asyncio, sys
from app.main import create_app
from app.cli.worker import worker
from tests.support.settings import IsolatedSettings
async def main():
    app = create_app(IsolatedSettings(database_url="postgresql://127.0.0.1:1/x"))
    async with app.router.lifespan_context(app):
        app.build_middleware_stack()
asyncio.run(main())
print(*[name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter",
    "app.core.tracing.spans", "app.db.tracing.statements", "app.api.entry.traced"))])
"""


def test_nothing_of_it_is_imported() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", SERVE], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


async def test_a_caller_s_trace_is_in_the_request_s_line(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    as_json = settings.model_copy(update={"log_format": "json"})
    async with running_app(as_json) as app, client_of(app) as client:
        await client.get("/models", headers={"traceparent": TOLD, "x-request-id": "one"})
        await client.get("/models", headers={"traceparent": "00-nonsense", "x-request-id": "two"})
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if '"app.access"' in line]
    traces = {line["request_id"]: line.get("trace_id") for line in lines}
    assert traces == {"one": TRACE, "two": None}
    assert not any("span_id" in line for line in lines)


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (TOLD, TRACE),
        (f"01-{TRACE}-00f067aa0ba902b7-01-more", TRACE),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-00f067aa0ba902b7-01", None),
        (f'00-{TRACE}-00f067aa0ba902b7-01"\n', None),
        (f"00-{TRACE}-00f067aa0ba902b7-01-more", None),
        ("", None),
    ],
)
def test_only_a_well_formed_header_names_a_trace(header: str, trace: str | None) -> None:
    found = trace_of(header.encode())
    assert (found and found.trace_id) == trace
