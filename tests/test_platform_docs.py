"""The examples of docs/platforms.md and docs/sagemaker.md, and the README's table, are of what there is."""

import json
import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from pydantic import BaseModel

from app.backends.registry import BACKENDS
from app.backends.sagemaker.options import Asynchronous, Options
from app.backends.sagemaker.transform_options import Transform
from app.backends.wire.tensors import TensorForm
from app.core.docstrings import field_docstrings
from app.core.hosts import Hosts
from tests.support.demo import ROOT

PAGE = (ROOT / "docs" / "platforms.md").read_text()
SAGEMAKER = (ROOT / "docs" / "sagemaker.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)) | {"SageMaker": SAGEMAKER}


def example(section: str) -> dict[str, dict[str, str]]:
    """The version that a section registers."""
    found = re.search(r"^    (\{.*\}\})$", SECTIONS[section], re.M | re.S)
    assert found, section
    version: dict[str, dict[str, str]] = json.loads(found[1])
    return version


@pytest.mark.parametrize("section", SECTIONS)
def test_each_example_fits_its_backend(section: str) -> None:
    version = example(section)
    options = version["options"]
    parsed = import_module(BACKENDS[str(version["backend"])]).Options.model_validate(options)
    secrets = [name for option, name in parsed.model_dump().items() if option.endswith("_env")]
    listed = re.search(r"^    BACKEND_HOSTS=(.*)$", SECTIONS[section], re.M)
    hosts = Hosts(listed[1] if listed else "")
    for name, value in options.items():
        if name.endswith("url"):
            hosts.require(value, name, *secrets)


def test_every_platform_has_a_section_and_a_line() -> None:
    assert {str(example(section)["backend"]) for section in SECTIONS} == set(BACKENDS)
    readme = (ROOT / "README.md").read_text()
    assert [name for name in BACKENDS if f"| `{name}`" not in readme] == []


def test_the_table_of_sagemaker_is_its_options() -> None:
    lines = ["| option | default | meaning |", "| --- | --- | --- |"]
    lines += [*rows_of(Options), *rows_of(TensorForm, "tensor_form."), *rows_of(Transform, "transform.")]
    lines += rows_of(Asynchronous, "asynchronous.")
    shown = [line for line in SAGEMAKER.partition("## All options\n")[2].splitlines() if line.startswith("|")]
    assert shown == lines


def rows_of(options: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in options.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        meaning = " ".join(field_docstrings(*inherited(options))[name].split())
        yield f"| `{prefix}{name}` | {'required' if field.is_required() else default} | {meaning} |"


def inherited(options: type[BaseModel]) -> list[type[BaseModel]]:
    """The classes that its fields come from, its own the last."""
    return [one for one in reversed(options.__mro__) if issubclass(one, BaseModel) and one is not BaseModel]


@pytest.mark.parametrize("section", SECTIONS)
def test_options_named_in_a_section_are_options(section: str) -> None:
    version = example(section)
    known = import_module(BACKENDS[str(version["backend"])]).Options.model_fields
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", SECTIONS[section])) | set(version["options"])
    assert named <= set(known)
