"""No block of a page goes unchecked: it is run, compared with what it is of, or read as what it is."""

import ast
import json
import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from prometheus_client import Metric
from pydantic import ValidationError
from typer._click.exceptions import UsageError

from app.backends.registry import BACKENDS
from app.core.settings import Settings
from app.services.signals.families import PREFIX, families
from tests.docs.commands import check
from tests.docs.pages import NAMES, Fence, all_fences, fences, prose
from tests.docs.test_run import RUN
from tests.services.signals.test_families import everything, of_a_database
from tests.support.demo import ROOT

FOLLOWED = {
    "docs/your-own-model.md": "tests/test_your_own_model.py",
    "docs/add-a-backend.md": "tests/test_add_a_backend.py",
    "docs/artifacts.md": "tests/cli/models/test_pack.py",
    "docs/sagemaker.md": "tests/services/explanations/test_over_the_wire.py",
    "docs/upgrading.md": "tests/docs/test_upgrading.py",
    "docs/clients.md": "tests/platforms/clients/test_page.py",
    "docs/four-files.md": "tests/docs/test_tables.py",
}
"""Pages whose blocks of Bash, Python and diff a test of their own does."""
LEFT = {
    "hcl": "needs Terraform; tests/deploy/test_terraform.py compares variables with the module's",
    "text": "an output, a layout or a formula: what makes an output is run",
    "sql": "needs a superuser; deploy/postgres/create-role.sh, which the Docker stack runs, does the same",
}
"""Languages that are not looked at, and why."""
SOURCES = "".join(path.read_text() for path in (ROOT / "app").rglob("*.py"))


def test_there_is_no_block_without_a_language() -> None:
    known = {"bash", "sh", "python", "py", "diff", "json", "ini", "yaml", "nginx", "promql", *LEFT}
    assert [str(fence) for name in NAMES for fence in fences(name) if fence.language not in known] == []
    assert [name for name in NAMES if re.search(r"^(?: {4}|\t)\S", prose(name), re.MULTILINE)] == []


@pytest.mark.parametrize("fence", all_fences("bash", "python", "diff"), ids=str)
def test_what_is_done_is_done_by_a_test(fence: Fence) -> None:
    if fence.language == "bash" and fence.page in RUN:
        return
    test = (ROOT / FOLLOWED[fence.page]).read_text()
    assert Path(fence.page).name in test


@pytest.mark.parametrize("fence", all_fences("sh"), ids=str)
def test_a_command_that_is_shown_could_be_run(
    fence: Fence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ids.txt").touch()  # which the parser wants to be there
    check(fence.text)


def test_a_command_that_is_none_is_noticed() -> None:
    for wrong in (
        "python -m app jobs begin",
        "python -m app jobs show 12 --nowhere",
        "make nothing",
        "make dev NOTHING=1",
        "docker compose --profile nothing up",
        "docker compose up nothing",
        "docker build --target nothing .",
        "docker build --build-arg NOTHING=1 .",
        "curl -s http://127.0.0.1:8000/nothing",
        "curl -s 'http://127.0.0.1:8000/records?nothing=1'",
        "curl -s http://127.0.0.1:8000/prediction-jobs -d '{\"nothing\": 1}'",
        "unheard-of",
    ):
        with pytest.raises((AssertionError, KeyError, ValidationError, UsageError)):
            check(wrong)


@pytest.mark.parametrize("fence", all_fences("py"), ids=str)
def test_python_that_is_shown_can_be_read(fence: Fence) -> None:
    for node in ast.walk(ast.parse(fence.text)):
        if isinstance(node, ast.ImportFrom):
            module = import_module(node.module or "")
            assert [name.name for name in node.names if not hasattr(module, name.name)] == []


@pytest.mark.parametrize("fence", all_fences("json"), ids=str)
def test_json_is_json_and_versions_fit_their_backends(fence: Fence) -> None:
    content = json.loads(fence.text)
    if "backend" in content:
        options = import_module(BACKENDS[content["backend"]]).Options
        options.model_validate(content["options"])
    elif {"transform", "asynchronous"} & content.keys():
        options = import_module(BACKENDS["sagemaker"]).Options
        options.model_validate({"endpoint_name": "transit"} | content)


@pytest.mark.parametrize("fence", all_fences("ini"), ids=str)
def test_variables_are_read_by_something(fence: Fence) -> None:
    options = "".join(one.text for one in fences(fence.page) if one.language == "json")
    for name in re.findall(r"^(\w+)=", fence.text, re.MULTILINE):
        read = name.lower() in Settings.model_fields or f'"{name}"' in SOURCES + options
        assert read, name


def test_yaml_is_yaml() -> None:
    for fence in all_fences("yaml"):
        assert list(yaml.safe_load_all(fence.text)), str(fence)


@pytest.mark.parametrize("fence", all_fences("nginx"), ids=str)
def test_nginx_has_only_what_the_stack_has(fence: Fence) -> None:
    tried = (ROOT / "deploy/nginx/nginx.conf").read_text() + (ROOT / "tests/chaos/load/nginx.py").read_text()
    directives = set(re.findall(r"^\s*([a-z_]+) ", fence.text, re.MULTILINE))
    assert [one for one in directives if one not in tried] == []
    assert fence.text.count("{") == fence.text.count("}")


@pytest.mark.parametrize("fence", all_fences("promql"), ids=str)
def test_queries_ask_for_what_is_told(fence: Fence) -> None:
    told = {sample.name for family in _told() for sample in family.samples}
    assert set(re.findall(rf"{PREFIX}\w+", fence.text)) <= told


def _told() -> list[Metric]:
    return list(families(everything(), of_a_database("1"), code="c"))
