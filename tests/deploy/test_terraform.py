"""The Terraform example: what can be held without an account and without the provider of AWS.

Its policies are made in a folder of their own, which Terraform runs here in earnest.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from tests.docs.pages import fences
from tests.support.policies import FOLDER, WORDS, Statement, names, statements
from tests.support.terraform import applied, needs_terraform, references, terraform, unexplained, whole

EXAMPLE = Path(__file__).parents[2] / "deploy" / "terraform"
FOLDERS = [EXAMPLE, EXAMPLE / "policies", EXAMPLE / "ecs", EXAMPLE / "ecs" / "tasks"]
each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)

NOT_OF_AN_ENDPOINT_ALONE = {"bucket", "component"}
"""Terraform makes the bucket itself; the example has no inference component."""
ELSEWHERE = {
    *("component", "external_id", "service_role_arn"),
    *("namespace", "oidc_provider", "service_account"),
    *("secret_arn", "secret_key_arn", "service_name", "service_repository_arn"),
}
"""Words of the trusts of another account and of a cluster, and of what runs the service on ECS."""
FILLED = {word: f"the-{word}" for word in WORDS - ELSEWHERE}
SWITCHES = ("asynchronous", "transform", "with_key", "assumes_role")


def made(data: Path, **switches: bool) -> dict[str, dict[str, JsonValue]]:
    """The outputs of the folder of policies."""
    variables = dict[str, JsonValue](words=dict[str, JsonValue](FILLED), **switches)
    outputs = applied(EXAMPLE / "policies", variables, data)
    return {name: output for name, output in outputs.items() if isinstance(output, dict)}


def allowed(policies: Mapping[str, JsonValue]) -> dict[str, list[Statement]]:
    read = {name: json.loads(str(text))["Statement"] for name, text in policies.items()}
    return {name: [Statement.model_validate(one) for one in found] for name, found in read.items()}


@needs_terraform
@pytest.mark.parametrize("on", [True, False])
def test_the_roles_have_these_very_policies(tmp_path: Path, *, on: bool) -> None:
    outputs = made(tmp_path, **dict.fromkeys(SWITCHES, on))
    for policies in outputs["policies"].values():
        assert isinstance(policies, dict)
        assert allowed(policies) == {name: statements(name, FILLED) for name in policies}
    trust = {"service": "trust/service", "worker": "trust/service", "execution": "trust/execution"}
    assert allowed(outputs["trust"]) == {role: statements(name, FILLED) for role, name in trust.items()}


@needs_terraform
def test_a_role_has_no_policy_of_what_is_not_wanted(tmp_path: Path) -> None:
    least, most, at_once = (
        made(tmp_path, **(dict.fromkeys(SWITCHES, others) | {"asynchronous": asynchronous}))["policies"]
        for others, asynchronous in ((False, False), (True, True), (True, False))
    )
    assert {role: names_of(policies) for role, policies in least.items()} == {
        "service": ["invoke", "revision", "storage"],
        "worker": ["invoke", "register", "revision", "storage"],
        "execution": ["execution/model"],
    }
    ours = {*names_of(most["worker"]), *names_of(at_once["worker"])}
    assert ours == set(names()) - NOT_OF_AN_ENDPOINT_ALONE
    execution = [f"execution/{path.stem}" for path in (FOLDER / "execution").glob("*.json")]
    assert names_of(most["execution"]) == sorted([*execution, "storage-kms"])


def names_of(policies: JsonValue) -> list[str]:
    assert isinstance(policies, dict)
    return sorted(policies)


@needs_terraform
def test_it_is_written_as_terraform_writes_it(tmp_path: Path) -> None:
    assert terraform(EXAMPLE, "fmt", "-check", "-recursive", "-diff", data=tmp_path) == ""


def test_its_words_are_those_of_the_policies() -> None:
    block = re.search(r"^  words = \{\n(.*?)^  \}", (EXAMPLE / "roles.tf").read_text(), re.M | re.S)
    assert block
    assert set(re.findall(r"^    (\w+)\s+=", block[1], re.M)) == FILLED.keys()


@each_folder
def test_what_it_refers_to_is_there(folder: Path) -> None:
    missing, for_nothing = references(folder)
    assert missing == set()
    assert for_nothing == set(), "is there for nothing"


@each_folder
def test_each_variable_says_what_it_is(folder: Path) -> None:
    assert unexplained(folder) == []


def test_the_page_of_ecs_gives_each_variable_that_has_to_be_given() -> None:
    [shown] = [one.text for one in fences("docs/ecs.md") if one.text.startswith("# churn.tfvars")]
    given = set(re.findall(r"^(\w+) +=", shown, re.M))
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', whole(EXAMPLE / "ecs"), re.M | re.S)
    assert {name for name, body in blocks if "\n  default " not in f"\n{body}"} <= given
    assert given <= {name for name, _ in blocks}
