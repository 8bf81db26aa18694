"""The Terraform example: what can be held without an account and without the provider of AWS.

Its policies are made in a folder of their own, which Terraform runs here in earnest.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from tests.support.policies import FOLDER, WORDS, Statement, names, statements

EXAMPLE = Path(__file__).parents[2] / "deploy" / "terraform"
TEXTS = {path.name: path.read_text() for path in sorted(EXAMPLE.glob("*.tf"))}
WHOLE = re.sub(r"^\s*#.*$", "", "".join(TEXTS.values()), flags=re.M)
TERRAFORM = shutil.which("terraform") or ""
needs_terraform = pytest.mark.skipif(not TERRAFORM, reason="terraform is not installed")

NOT_OF_AN_ENDPOINT_ALONE = {"bucket", "component"}
"""Terraform makes the bucket itself; the example has no inference component."""
FILLED = {word: f"the-{word}" for word in WORDS - {"component", "external_id", "service_role_arn"}}
"""What the example puts in: the trust of another account is that account's."""
SWITCHES = ("asynchronous", "transform", "with_key", "assumes_role")


def terraform(folder: Path, *arguments: str, data: Path) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "TF_DATA_DIR": str(data / "data"),
        "TF_CLI_CONFIG_FILE": os.devnull,
        "CHECKPOINT_DISABLE": "1",
    }
    done = subprocess.run(
        [TERRAFORM, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def made(data: Path, **switches: bool) -> dict[str, dict[str, JsonValue]]:
    """The outputs of the folder of policies."""
    variables = data / "variables.tfvars.json"
    variables.write_text(json.dumps({"words": FILLED} | switches))
    state = f"-state={data / 'state'}"
    folder = EXAMPLE / "policies"
    terraform(folder, "apply", "-auto-approve", "-input=false", f"-var-file={variables}", state, data=data)
    found = json.loads(terraform(folder, "output", "-json", state, data=data))
    return {name: output["value"] for name, output in found.items()}


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
    block = re.search(r"^  words = \{\n(.*?)^  \}", TEXTS["roles.tf"], re.M | re.S)
    assert block
    assert set(re.findall(r"^    (\w+)\s+=", block[1], re.M)) == FILLED.keys()


def test_what_it_refers_to_is_there() -> None:
    resources = {f"{kind}.{name}" for kind, name in re.findall(r'^resource "(\w+)" "(\w+)"', WHOLE, re.M)}
    data = {f"data.{kind}.{name}" for kind, name in re.findall(r'^data "(\w+)" "(\w+)"', WHOLE, re.M)}
    variables = {f"var.{name}" for name in re.findall(r'^variable "(\w+)"', WHOLE, re.M)}
    blocks = re.findall(r"^locals \{\n(.*?)^\}", WHOLE, re.M | re.S)
    ours = {f"local.{name}" for block in blocks for name in re.findall(r"^  (\w+)\s+=", block, re.M)}
    outputs = re.findall(r'^output "(\w+)"', (EXAMPLE / "policies" / "main.tf").read_text(), re.M)
    kinds = r"(?:data\.)?aws_\w+\.\w+|(?:var|local)\.\w+|module\.policies\.\w+"
    used = set(re.findall(rf"(?<![\w.\"])({kinds})", WHOLE))
    modules = {f"module.policies.{name}" for name in outputs}
    there = resources | data | variables | ours | modules
    assert used - there == set()
    assert there - used - resources == set(), "is there for nothing"


def test_each_variable_says_what_it_is() -> None:
    for name, body in re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', WHOLE, re.M | re.S):
        assert re.search(r'^  description = "[A-Z].{10,}\."$', body, re.M), name
        assert re.search(r"^  type  ", body, re.M), name
