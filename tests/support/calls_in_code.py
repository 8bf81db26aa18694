"""Which operations of AWS the service's code names."""

import ast
from functools import cache
from pathlib import Path

from botocore import xform_name
from botocore.session import Session

APP = Path(__file__).parents[2] / "app"
CALLERS = sorted(path for path in APP.rglob("*.py") if not path.is_relative_to(APP / "local"))
CLIENTS = {"sagemaker-runtime": "sagemaker", "sagemaker": "sagemaker", "s3": "s3", "sts": "sts"}

ACTIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
}
"""What IAM calls the operations whose permission has another name (AWS's service authorization reference)."""


@cache
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
