"""Prometheus' rules and Grafana's dashboard: what they ask for exists, and promtool has no complaints."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import JsonValue

from app.core.settings import Settings
from tests.support.app import client_of, running_app

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "observability"
RULES = sorted((FOLDER / "prometheus" / "rules").glob("*.yml"))
CASES = sorted((FOLDER / "prometheus" / "tests").glob("*.yml"))
DASHBOARD = FOLDER / "grafana" / "dashboards" / "service.json"
PROMTOOL = shutil.which("promtool") or ""
needs_promtool = pytest.mark.skipif(not PROMTOOL, reason="promtool is not installed")
METRIC = re.compile(r"\bsagemaker_fastapi_[a-z0-9_]+\b(?!:)")
RECORDED = re.compile(r"\b[a-z]+:sagemaker_fastapi_[a-z0-9_]+:[a-z0-9_]+\b")
ALERT = re.compile(r"- alert: (\w+)\n(.*?)(?=\n      - |\Z)", re.DOTALL)
OF_KINDS = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("",), "gauge": ("",)}


def promtool(*arguments: object) -> None:
    done = subprocess.run(
        [PROMTOOL, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_promtool_takes_the_rules_and_the_configuration() -> None:
    promtool("check", "rules", *RULES)
    promtool("check", "config", "--syntax-only", FOLDER / "prometheus" / "prometheus.yml")


@needs_promtool
def test_each_alert_fires_when_it_should_and_only_then() -> None:
    promtool("test", "rules", *CASES)


def test_each_alert_has_cases_and_a_page() -> None:
    cases = "".join(path.read_text() for path in CASES)
    page = (ROOT / "docs" / "operating.md").read_text()
    told = [(name, body) for path in RULES for name, body in ALERT.findall(path.read_text())]
    assert len(told) > 10
    for name, body in told:
        assert f"runbook: docs/operating.md#{name.lower()}" in body
        assert f"\n### {name}\n" in page, name
        assert re.search(rf"alertname: {name}, exp_alerts: \[\]", cases), (
            f"no case where {name} does not fire"
        )
        assert re.search(rf"alertname: {name}\n +exp_alerts:\n +- ", cases), f"no case that fires {name}"
    headings = re.findall(r"^### (\w+)$", page[page.index("\n## Alerts") :], re.MULTILINE)
    assert headings == list(dict.fromkeys(name for name, _ in told))


async def test_what_they_ask_for_is_what_the_service_tells(settings: Settings) -> None:
    async with running_app(settings) as app, client_of(app) as client:
        exposed = names(await client.get("/metrics"))
    texts = {path.name: path.read_text() for path in (*RULES, *CASES)}
    texts[DASHBOARD.name] = "\n".join(expressions(json.loads(DASHBOARD.read_text())))
    recorded = set(re.findall(r"- record: (\S+)", texts["recording.yml"]))
    for name, text in texts.items():
        without_comments = re.sub(r"#.*", "", text)
        plain = RECORDED.sub("", without_comments)
        assert set(METRIC.findall(plain)) <= exposed, name
        assert set(RECORDED.findall(without_comments)) <= recorded, name
    assert len(METRIC.findall(texts[DASHBOARD.name])) > 30


def names(answer: httpx.Response) -> set[str]:
    """All that can be asked for, also where there is nothing of it yet."""
    assert answer.status_code == 200
    kinds = re.findall(r"^# TYPE (\S+) (\w+)$", answer.text, re.MULTILINE)
    return {f"{name}{end}" for name, kind in kinds for end in OF_KINDS[kind]}


def expressions(value: JsonValue) -> Iterator[str]:
    """What a dashboard asks Prometheus for."""
    if isinstance(value, list):
        for one in value:
            yield from expressions(one)
    if isinstance(value, dict):
        for name, one in value.items():
            if name in ("expr", "definition") and isinstance(one, str):
                yield one
            else:
                yield from expressions(one)


def test_the_dashboard_is_whole() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    cells = [
        (x, y)
        for one in places
        for x in range(one["x"], one["x"] + one["w"])
        for y in range(one["y"], one["y"] + one["h"])
    ]
    assert len(set(cells)) == len(cells), "panels overlap"
    assert max(x for x, _ in cells) < 24
    source = (FOLDER / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text()
    assert f"uid: {dashboard['templating']['list'][0]['current']['value']}\n" in source
