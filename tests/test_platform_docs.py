"""The pages of docs/platforms, and docs/sagemaker.md, are of the backends that there are."""

import json
import re
from importlib import import_module

import pytest

from app.backends.registry import BACKENDS
from app.core.hosts import Hosts
from tests.docs.pages import NAMES, fences, text_of
from tests.docs.tables import options_table

PAGES = [name for name in NAMES if name.startswith("docs/platforms/")] + ["docs/sagemaker.md"]
ALL_OPTIONS = "## All options\n"


def example(page: str) -> dict[str, dict[str, str]]:
    """The version that a page registers."""
    versions = [json.loads(fence.text) for fence in fences(page) if fence.language == "json"]
    found: dict[str, dict[str, str]] = next(one for one in versions if "backend" in one)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_each_example_fits_its_backend(page: str) -> None:
    version = example(page)
    options = version["options"]
    parsed = import_module(BACKENDS[str(version["backend"])]).Options.model_validate(options)
    secrets = [name for option, name in parsed.model_dump().items() if option.endswith("_env")]
    listed = re.search(r"^BACKEND_HOSTS=(.*)$", text_of(page), re.M)
    hosts = Hosts(listed[1] if listed else "")
    for name, value in options.items():
        if name.endswith("url"):
            hosts.require(value, name, *secrets)


def test_every_platform_has_a_page_and_a_line() -> None:
    places = {str(example(page)["backend"]): page.removeprefix("docs/") for page in PAGES}
    assert places.keys() == BACKENDS.keys()
    table = text_of("docs/platforms.md")
    assert [name for name, place in places.items() if f"| [`{name}`]({place})" not in table] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_table_is_that_of_the_options(page: str) -> None:
    _, _, shown = text_of(page).partition(ALL_OPTIONS)
    wanted = options_table(str(example(page)["backend"]))
    assert [line for line in shown.splitlines() if line.startswith("|")] == wanted.splitlines()


@pytest.mark.parametrize("page", PAGES)
def test_options_named_on_a_page_are_options(page: str) -> None:
    version = example(page)
    known = import_module(BACKENDS[str(version["backend"])]).Options.model_fields
    said, _, _ = text_of(page).partition(ALL_OPTIONS)
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", said)) | set(version["options"])
    assert named <= set(known)
