"""The chart's values: their schema, their table, and what they say of the image. Helm is not needed."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from pydantic import JsonValue

from app.core.settings import Settings
from tests.docs.pages import fences
from tests.support.charts import CHART, SETS, at, read, values

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
FITS = jsonschema_rs.validator_for(SCHEMA)
TEMPLATES = {path.name: path.read_text() for path in (CHART / "templates").rglob("*.*")}
OF_THE_CHART = {
    *("DATABASE_URL", "DATABASE_DIRECT_URL", "MIGRATION_DATABASE_URL"),
    *("HOST", "PORT", "METRICS_PORT", "METRICS_FOLDER", "WORKER_ALIVE_FILE"),
}
"""Settings that the chart sets by itself, or takes from a Secret."""
OURS = {name.upper() for name in Settings.model_fields} - OF_THE_CHART


def errors(given: JsonValue) -> list[str]:
    return [f"{error.instance_path} {error.message}" for error in FITS.iter_errors(given)]


@pytest.mark.parametrize("path", [*SETS, CHART / "values.yaml"], ids=lambda path: path.stem)
def test_values_fit_the_schema(path: Path) -> None:
    assert errors(read(path)) == []


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"settings": {"PREDICT_TIMEOT": 3}}, "PREDICT_TIMEOT"),
        ({"settings": {"PREDICT_TIMEOUT": "abc"}}, "PREDICT_TIMEOUT"),
        *(({"settings": {name: "x"}}, name) for name in sorted(OF_THE_CHART)),
        ({"settings": {"AWS_SECRET_ACCESS_KEY": "x"}}, "AWS_SECRET_ACCESS_KEY"),
        ({"settings": {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=x"}}, "OTEL_EXPORTER_OTLP_HEADERS"),
        ({"settings": {"LOG_LEVEL": None}}, "LOG_LEVEL"),
        ({"settings": {"STORAGE_URL": {"url": "s3://a"}}}, "STORAGE_URL"),
        ({"database": {"url": "postgresql://a:b@c/d"}}, "url"),
        ({"database": {"as": "values"}}, "as"),
        ({"database": {"maxConnections": -1}}, "maxConnections"),
        ({"api": {"replicas": 0}}, "replicas"),
        ({"api": {"replica": 2}}, "replica"),
        ({"api": {"resources": {"request": {}}}}, "request"),
        ({"api": {"disruptionBudget": {"maxUnavailable": "1"}}}, "maxUnavailable"),
        ({"worker": {"metricsPort": 80}}, "metricsPort"),
        ({"image": {"digest": "sha256:12"}}, "digest"),
        ({"image": {"repository": "a@sha256:12"}}, "repository"),
        ({"image": {"repository": "registry.example.com:5000/churn:1"}}, "churn:1"),
        ({"image": {"repository": "https://registry.example.com/churn"}}, "https"),
        ({"image": {"tag": "1@sha256:12"}}, "tag"),
        ({"temporarySize": "4 GiB"}, "temporarySize"),
        ({"extraEnv": {"A": "b"}}, "extraEnv"),
        ({"extraEnv": [{"name": "DATABASE_URL", "value": "x"}]}, "DATABASE_URL"),
        ({"podLabels": {"app.kubernetes.io/name": "churn"}}, "app.kubernetes.io/name"),
        ({"podAnnotations": {"checksum/settings": "1"}}, "checksum/settings"),
        ({"serviceAccount": {"annotations": {"a": 1}}}, "annotations"),
        ({"ingress": {"hosts": ["https://churn.example.com"]}}, "hosts"),
        ({"sidecars": []}, "sidecars"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(given: JsonValue, named: str) -> None:
    (told,) = errors(given)
    assert named in told


@pytest.mark.parametrize(
    "repository", ["churn", "localhost:5000/a/b_c", "1.dkr.ecr.eu-west-1.amazonaws.com/churn"]
)
def test_addresses_of_images_fit(repository: str) -> None:
    assert errors({"image": {"repository": repository, "tag": "2026-11-29"}}) == []


def test_the_settings_are_those_of_the_service() -> None:
    properties = SCHEMA["properties"]["settings"]["properties"]
    secret = {name for name, one in properties.items() if one == {"$ref": "#/definitions/secret"}}
    assert properties.keys() - secret == OURS, "values.schema.json lists the settings"
    assert all(re.match("AWS_|OTEL_", name) for name in secret)


def test_the_schema_has_the_values_that_there_are() -> None:
    assert sorted(leaves(SCHEMA)) == sorted({one.path for one in values()} | {"global"})


def leaves(schema: Mapping[str, JsonValue], path: str = "") -> Iterator[str]:
    """The values that a schema names, as those of values.yaml are named; of settings just the defaults."""
    properties = schema.get("properties")
    if path == "settings" or path.endswith("resources") or not isinstance(properties, Mapping):
        yield path
        if path == "settings":
            yield "settings.SHUTDOWN_DELAY"
        return
    for name, one in properties.items():
        assert isinstance(one, Mapping)
        yield from leaves(one, f"{path}.{name}".removeprefix("."))


def test_what_the_sums_take_for_defaults_are_the_defaults() -> None:
    taken = re.findall(r'"([A-Z_]+)" (\d+)\)', TEMPLATES["_sums.tpl"])
    assert len(taken) >= 4
    for name, default in taken:
        assert Settings.model_fields[name.lower()].default == float(default), name


def test_the_variables_that_it_sets_are_read() -> None:
    named = {
        name for text in TEMPLATES.values() for name in re.findall(r"(?:name|setting): ([A-Z_]+)\b", text)
    }
    assert named - {"SECRETS_DIR"} <= OF_THE_CHART
    assert "SECRETS_DIR" in named


def test_it_agrees_with_the_image() -> None:
    image = (ROOT / "Dockerfile").read_text()
    user = re.findall(r"^USER (\d+):(\d+)$", image, re.M)[-1]
    assert re.findall(r"runAs(?:User|Group): (\d+)", TEMPLATES["_pod.tpl"]) == list(user)
    assert "\nEXPOSE 8000\n" in image
    assert "containerPort: 8000" in TEMPLATES["api.yaml"]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert at(read(CHART / "Chart.yaml"), "appVersion") == version


def test_the_table_is_the_values() -> None:
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    lines = ["| value | default | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{one.path}` | {_code(one.default)} | {one.meaning} |" for one in values() if one.meaning]
    section = page.partition("## Values\n")[2].partition("\n## ")[0]
    shown = [line for line in section.splitlines() if line.startswith("|")]
    assert shown == lines
    assert not [one.path for one in values() if not one.meaning]


def test_the_values_of_the_page_fit() -> None:
    [shown] = [one.text for one in fences("docs/kubernetes.md") if one.text.startswith("# churn.yaml")]
    given: JsonValue = yaml.safe_load(shown)
    assert errors(given) == []
    assert at(given, "image", "repository")
    assert at(given, "database", "secret")


def _code(default: str) -> str:
    return "" if default in ("", '""') else f"`{default}`"
