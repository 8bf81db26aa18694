"""The images go without files that nothing needs, and say so where something does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter

ROOT = Path(__file__).parents[2]
SLIM = ROOT / "deploy" / "slim.py"
PACKAGES = next((Path(sys.prefix) / "lib").glob("python3*")) / "site-packages"
NOT_IN_A_VENV = "numpy/_core/include"
"""`make` removes it, too."""
TAKEN_AWAY = """\
import importlib, pkgutil, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if any(name == one or name.startswith(one + ".") for one in {names!r}):
            raise ImportError(f"{{name}} was taken away")

sys.meta_path.insert(0, Refuse())
"""
LEXERS = ("__init__", "_mapping", "data", "python", "special")
EVERYTHING = """
import app, boto3, scipy.special, scipy.stats, sklearn.metrics
for one in pkgutil.walk_packages(app.__path__, "app."):
    if not one.name.startswith("app.local") and one.name != "app.__main__":
        importlib.import_module(one.name)
session = boto3.Session("id", "secret", region_name="us-east-1")
print(sorted(session.client(name).meta.service_model.service_name for name in ("s3", "sagemaker", "sts")))
"""


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as the image `runtime` has it."""
    tree = tmp_path_factory.mktemp("srv")
    for name in ("app/local", "examples"):
        (tree / name).mkdir(parents=True)
        (tree / name / "__init__.py").write_text((ROOT / "deploy" / "left_out.py").read_text())
    for path in (ROOT / "app").iterdir():
        if path.name not in ("local", "__pycache__"):
            (tree / "app" / path.name).symlink_to(path)
    return tree


def run(tree: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "DATABASE_URL": "postgresql://a@b.invalid/c"} | variables
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["-m app init", "-m app models pack .", "-m app.local.endpoint"])
def test_runtime_says_what_it_goes_without(runtime: Path, command: str) -> None:
    done = run(
        runtime,
        *command.split(),
        USE_CASE="examples.transit",
        STORAGE_URL="s3://bucket",
        AWS_REGION="us-east-1",
    )
    assert done.returncode == 1
    [said] = done.stderr.strip().splitlines()
    assert "app.local is not in this image, whose target is `runtime`" in said
    assert "docker build --target demo" in said


def test_runtime_says_that_it_has_no_example_to_serve(runtime: Path) -> None:
    done = run(runtime, "-m", "app", "serve", USE_CASE="examples.transit")
    assert done.returncode == 1
    [said] = done.stderr.strip().splitlines()
    assert said.startswith(
        "Error: examples.transit.input_object cannot be imported: ModuleNotFoundError: examples is"
    )


def test_nothing_of_the_service_imports_what_is_taken_away(runtime: Path) -> None:
    refused = TAKEN_AWAY.format(names=[*modules(), "xgboost"])
    done = run(runtime, "-c", refused + EVERYTHING)
    assert (done.stdout, done.stderr) == ("['s3', 'sagemaker', 'sts']\n", "")


def test_what_is_taken_away_is_there_to_be_taken() -> None:
    """Else `make lock` brought other names, and the image does not build."""
    assert [one for one in patterns() if one != NOT_IN_A_VENV and not list(PACKAGES.glob(one))] == []


@pytest.mark.parametrize(
    ("services", "said"),
    [(("s3", "sagemaker"), ""), (("s4",), "AWS_SERVICES: botocore knows no s4")],
)
def test_only_the_services_asked_for_stay(tmp_path: Path, services: tuple[str, ...], said: str) -> None:
    for pattern in patterns():
        path = tmp_path / pattern.replace("*", "a")
        path.mkdir(parents=True)
        (path / "file.py").touch()
    for kept in ("plotly/package_data/plotly.min.js", *(f"pygments/lexers/{name}.py" for name in LEXERS)):
        (tmp_path / kept).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / kept).touch()
    for service in ("s3", "sagemaker", "ec2"):
        (tmp_path / "botocore" / "data" / service).mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-IS", str(SLIM), str(tmp_path), *services],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.strip() == said
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left[:1] == ["plotly/package_data/plotly.min.js"]
    assert not list(tmp_path.glob("sklearn/*"))
    if not said:
        assert sorted(path.name for path in (tmp_path / "botocore" / "data").iterdir()) == sorted(services)


LISTS = (
    "import json, runpy; made = runpy.run_path({path!r}); print(json.dumps([*made['KEPT'], *made['UNUSED']]))"
)


def patterns() -> list[str]:
    """What slim.py takes away, below site-packages."""
    command = [sys.executable, "-c", LISTS.format(path=str(SLIM))]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return TypeAdapter(list[str]).validate_json(made)


def modules() -> list[str]:
    """Those that are folders of code, as they are imported; of lexers some stay."""
    return [one.replace("/", ".") for one in patterns() if "*" not in one and one != "pygments/lexers"]


def test_the_build_gets_what_it_copies() -> None:
    """.dockerignore lets nothing in that it does not name."""
    let_in = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        for source in line.split()[:-1]
        if "*" not in source
    }
    assert copied <= let_in
    assert {one for one in let_in - copied if not one.startswith("requirements-")} == set()
