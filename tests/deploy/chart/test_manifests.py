"""Each manifest of the chart fits Kubernetes' own schemas, of the oldest release that it takes to the newest.

kubernetes-validate has them with it (108 MB), hence a venv of its own.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from pydantic import JsonValue

from tests.platforms.venvs import platform_venv
from tests.support.charts import SETS, at, manifest, needs_helm, rendered

pytestmark = [pytest.mark.chart, needs_helm]
RELEASES = "1.27", "1.32", "1.37.0"
OF_OTHERS = {"PodMonitor", "ServiceMonitor"}
"""Kinds of Prometheus' operator, which Kubernetes has no schema for."""


def verdicts(manifests: Sequence[JsonValue], release: str, folder: Path) -> tuple[int, list[str]]:
    """How many fit, and what is wrong with the others."""
    path = folder / "manifests.yaml"
    path.write_text(yaml.safe_dump_all(manifests))
    program = platform_venv("kubernetes", Path(__file__)) / "kubernetes-validate"
    command = [str(program), "--strict", "--no-warn", "--kubernetes-version", release, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    wrong = [line for line in lines if not (line.startswith("INFO") and " passed " in line)]
    assert (done.returncode == 0) == (not wrong)
    return len(lines) - len(wrong), wrong


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("values", SETS, ids=lambda path: path.stem)
def test_manifests_fit_the_schemas(values: Path, release: str, tmp_path: Path) -> None:
    ours = [one for one in rendered(values) if at(one, "kind") not in OF_OTHERS]
    assert len(ours) > 5
    assert verdicts(ours, release, tmp_path) == (len(ours), [])


def test_what_does_not_fit_is_found(tmp_path: Path) -> None:
    deployment = manifest("Deployment", "-api", rendered(SETS[0]))
    assert isinstance(deployment, dict)
    fits, wrong = verdicts([deployment | {"spec": {"replicas": "two", "pods": []}}], RELEASES[-1], tmp_path)
    assert not fits
    assert wrong
