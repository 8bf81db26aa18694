"""The Helm chart of deploy/helm, and what Helm makes of it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml
from pydantic import JsonValue

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "sagemaker-fastapi"
SETS = sorted((CHART / "ci").glob("*.yaml"))
"""Of values: the least, those of AWS, and everything on."""
HELM = shutil.which("helm") or ""
needs_helm = pytest.mark.skipif(not HELM, reason="helm is not installed")
RELEASE, NAMESPACE = "blue", "models"


@dataclass(frozen=True)
class Value:
    """One that a release can be given; ``path`` is its keys with dots, ``default`` as it is written."""

    path: str
    default: str
    meaning: str


def read(path: Path) -> JsonValue:
    found: JsonValue = yaml.safe_load(path.read_text())
    return found


def at(value: JsonValue, *path: str | int) -> JsonValue:
    """What is there, None if nothing is."""
    for step in path:
        if isinstance(value, Mapping) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def objects(value: JsonValue, *path: str | int) -> list[JsonValue]:
    """The list that is there, empty if none is."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def helm(*arguments: object) -> str:
    done = _helm(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refusal(values: Path, *options: str) -> str:
    """What Helm says where it does not take these values."""
    done = _helm("template", RELEASE, CHART, "--values", values, *options)
    assert done.returncode != 0, "Helm took it"
    return done.stderr


def _helm(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [HELM, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@cache
def rendered(values: Path, *options: str, release: str = RELEASE) -> tuple[JsonValue, ...]:
    """The manifests of a release in NAMESPACE."""
    text = helm("template", release, CHART, "--namespace", NAMESPACE, "--values", values, *options)
    return tuple(one for one in yaml.safe_load_all(text) if one)


def manifest(kind: str, end: str, manifests: tuple[JsonValue, ...]) -> JsonValue:
    """The one of that kind whose name ends so."""
    (found,) = (
        one for one in manifests if at(one, "kind") == kind and str(at(one, "metadata", "name")).endswith(end)
    )
    return found


def pods(manifests: tuple[JsonValue, ...]) -> dict[str, JsonValue]:
    """The pods by their component: each with metadata and spec."""
    whole = [at(one, "spec", "template") or one for one in manifests if _has_pods(one)]
    return {str(at(one, "metadata", "labels", "app.kubernetes.io/component")): one for one in whole}


def _has_pods(one: JsonValue) -> bool:
    return at(one, "kind") in ("Deployment", "Job", "Pod")


def container(pod: JsonValue) -> JsonValue:
    (only,) = objects(pod, "spec", "containers")
    return only


def knows(arguments: Sequence[JsonValue]) -> bool:
    """Whether ``python -m app`` takes this command with these options."""
    command = [sys.executable, "-m", "app", *map(str, arguments), "--help"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def values() -> Iterator[Value]:
    """Those of values.yaml, with the comments over them."""
    path, comment = list[str](), list[str]()
    for line in (CHART / "values.yaml").read_text().splitlines():
        if found := re.fullmatch(r" *# (.*)", line):
            comment.append(found[1])
            continue
        if found := re.fullmatch(r"( *)(\w+):(?: (.*))?", line):
            path[len(found[1]) // 2 :] = [found[2]]
            if found[3] is not None or comment:
                yield Value(".".join(path), found[3] or "", " ".join(comment))
        elif line.strip():
            assert line.startswith("    "), f"{line!r} has no name"  # the rest of a value
        comment = []
