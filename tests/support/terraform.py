"""Terraform, where it is installed, on the examples of deploy/terraform."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

TERRAFORM = shutil.which("terraform") or ""
needs_terraform = pytest.mark.skipif(not TERRAFORM, reason="terraform is not installed")
KINDS = r"(?:data\.)?aws_\w+\.\w+|terraform_data\.\w+|(?:var|local)\.\w+|module\.\w+\.\w+"


def run(folder: Path, *arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "TF_DATA_DIR": str(data / "data"),
        "TF_CLI_CONFIG_FILE": os.devnull,
        "CHECKPOINT_DISABLE": "1",
    }
    return subprocess.run(
        [TERRAFORM, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def terraform(folder: Path, *arguments: str, data: Path) -> str:
    done = run(folder, *arguments, data=data)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def applied(folder: Path, variables: Mapping[str, JsonValue], data: Path) -> dict[str, JsonValue]:
    """The outputs of a folder without resources."""
    given = data / "variables.tfvars.json"
    given.write_text(json.dumps(variables))
    state = f"-state={data / 'state'}"
    terraform(folder, "apply", "-auto-approve", "-input=false", f"-var-file={given}", state, data=data)
    found = json.loads(terraform(folder, "output", "-json", state, data=data))
    return {name: output["value"] for name, output in found.items()}


def whole(folder: Path) -> str:
    """All of a folder's files without what fills a line of comments."""
    text = "".join(path.read_text() for path in sorted(folder.glob("*.tf")))
    return re.sub(r"^\s*#.*$", "", text, flags=re.M)


def references(folder: Path) -> tuple[set[str], set[str]]:
    """What a folder refers to and has not, and what it has and does not refer to, resources aside."""
    text = whole(folder)
    named = {
        kind: {f"{prefix}{'.'.join(found)}" for found in re.findall(pattern, text, re.M)}
        for kind, prefix, pattern in (
            ("resources", "", r'^resource "(\w+)" "(\w+)"'),
            ("data", "data.", r'^data "(\w+)" "(\w+)"'),
        )
    }
    variables = {f"var.{name}" for name in re.findall(r'^variable "(\w+)"', text, re.M)}
    blocks = re.findall(r"^locals \{\n(.*?)^\}", text, re.M | re.S)
    ours = {f"local.{name}" for block in blocks for name in re.findall(r"^  (\w+)\s+=", block, re.M)}
    modules = {
        f"module.{module}.{name}"
        for module, source in re.findall(r'^module "(\w+)" \{\n  source +=\s"\./(\w+)"', text, re.M)
        for name in re.findall(r'^output "(\w+)"', whole(folder / source), re.M)
    }
    used = set(re.findall(rf"(?<![\w.\"])({KINDS})", text))
    there = named["resources"] | named["data"] | variables | ours | modules
    return used - there, there - used - named["resources"]


def unexplained(folder: Path) -> list[str]:
    """Variables that do not say what they are, or of what type."""
    return [
        name
        for name, body in re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', whole(folder), re.M | re.S)
        if not re.search(r'^  description = "[A-Z].{10,}[."]"?$', body, re.M)
        or not re.search(r"^  type  ", body, re.M)
    ]
