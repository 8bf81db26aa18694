"""The OpenAPI document is one, and a generator makes a client of it without a warning."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.api.documented import DOCUMENT, OPERATIONS
from tests.platforms.venvs import platform_venv

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]


@pytest.fixture
def programs() -> Path:
    return platform_venv("generator", Path(__file__))


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(DOCUMENT))
    return file


def test_it_is_valid(programs: Path, document: Path) -> None:
    done = subprocess.run([programs / "openapi-spec-validator", document], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_client_is_made_of_all_of_it(programs: Path, document: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    options = ["--meta", "none", "--fail-on-warning"]
    done = subprocess.run(
        [programs / "openapi-python-client", "generate", "--path", document, "--output-path", made, *options],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    modules = [module for module in made.glob("api/*/*.py") if module.name != "__init__.py"]
    assert len(modules) == len(OPERATIONS)
    unnamed = [module.name for module in made.glob("models/*_type_*.py")]
    assert unnamed == []
