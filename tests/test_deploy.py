"""The IAM policies allow what the code calls, and no more."""

import ast
import json
import re
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import Session

from app.core.settings import Settings

ROOT = Path(__file__).parents[1]
POLICIES = sorted((ROOT / "deploy" / "iam").glob("*.json"))
CALLERS = sorted(one for room in ("backends", "storage") for one in (ROOT / "app" / room).rglob("*.py"))
CLIENTS = {"sagemaker-runtime": "sagemaker", "sagemaker": "sagemaker", "s3": "s3"}

# What IAM calls the operations whose permission has another name (AWS's service authorization reference).
ACTIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
}


def operations() -> set[str]:
    """The IAM actions of every boto3 method that is named in the code."""
    methods = {
        xform_name(operation): f"{prefix}:{operation}"
        for service, prefix in CLIENTS.items()
        for operation in Session().get_service_model(service).operation_names
    }
    named = {
        node.attr if isinstance(node, ast.Attribute) else str(node.value)
        for path in CALLERS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    }
    called = {methods[name] for name in named if name in methods and "_" in name}  # `search` is re's
    return {ACTIONS.get(action, action) for action in called}


def allowed() -> set[str]:
    found: set[str] = set()
    for path in POLICIES:
        for statement in json.loads(path.read_text())["Statement"]:
            actions = statement["Action"]
            found |= {actions} if isinstance(actions, str) else set(actions)
    return found


def test_the_policies_allow_what_is_called_and_no_more() -> None:
    called = operations()
    assert "sagemaker:InvokeEndpoint" in called
    assert called == allowed()


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_a_policy_is_whole_and_documented(path: Path) -> None:
    policy = json.loads(path.read_text())
    assert policy["Version"] == "2012-10-17"
    assert all(statement["Effect"] == "Allow" for statement in policy["Statement"])
    assert f"deploy/iam/{path.name}" in (ROOT / "docs" / "deploy.md").read_text()


def test_the_documented_settings_exist() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text()
    ours = {name for name in re.findall(r"`([A-Z][A-Z_]+)(?:=[^`]*)?`", text) if not name.startswith("AWS_")}
    compose = "".join(path.read_text() for path in ROOT.glob("*compose*.yml"))
    others = {"COREML_MODELS", "SECRETS_DIR", "TMPDIR", *re.findall(r"\$\{(\w+)", compose)}
    assert ours <= others | {name.upper() for name in Settings.model_fields}
