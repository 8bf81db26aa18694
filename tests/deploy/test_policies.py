"""The IAM policies are whole and documented, and name each action with a resource of its kind."""

import re
from pathlib import Path

import pytest

from app.core.settings import Settings
from tests.support.policies import FOLDER, OPERATORS, WORDS, Statement, statements

ROOT = Path(__file__).parents[2]
PAGE = "".join((ROOT / "docs" / f"{page}.md").read_text() for page in ("deploy", "kubernetes", "ecs"))
FILES = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.json"))

SAGEMAKER = "arn:aws:sagemaker:*:*:"
KINDS = {
    **{
        f"sagemaker:{action}": f"{SAGEMAKER}endpoint/"
        for action in ("DescribeEndpoint", "InvokeEndpointAsync")
    },
    "sagemaker:InvokeEndpoint": f"{SAGEMAKER}(endpoint|inference-component)/",
    "sagemaker:DescribeInferenceComponent": f"{SAGEMAKER}inference-component/",
    "sagemaker:DescribeEndpointConfig": f"{SAGEMAKER}endpoint-config/",
    "sagemaker:DescribeModel": f"{SAGEMAKER}model/",
    **{
        f"sagemaker:{action}": f"{SAGEMAKER}transform-job/"
        for action in ("AddTags", "CreateTransformJob", "DescribeTransformJob", "StopTransformJob")
    },
    **{f"s3:{action}": "arn:aws:s3:::[^/]+/" for action in ("DeleteObject", "GetObject", "PutObject")},
    **{f"s3:{action}": "arn:aws:s3:::[^/]+$" for action in ("CreateBucket", "ListBucket")},
    **{f"kms:{action}": r"\*$" for action in ("CreateGrant", "Decrypt", "Encrypt", "GenerateDataKey")},
    "secretsmanager:GetSecretValue": r"\*$",
    "sts:AssumeRole": r"\*$",
    **{
        f"ecr:{action}": r"\*$"
        for action in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
    },
    **{
        f"logs:{action}": "arn:aws:logs:*:*:log-group:/(aws/sagemaker|ecs)/"
        for action in ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents")
    },
}
"""The kinds of resource that an action may be limited to (AWS's service authorization reference, 2026); * is
an ARN that is a word of the policy."""
TRUSTED = {
    "irsa": ["sts:AssumeRoleWithWebIdentity"],
    "pod-identity": ["sts:AssumeRole", "sts:TagSession"],
}
"""What whoever is trusted calls, where it is another action (EKS User Guide, IAM roles for service accounts,
EKS Pod Identity)."""
WITHOUT_A_KIND = {
    *("ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"),
    *(f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")),
}
"""Actions that may only be allowed on everything."""


@pytest.mark.parametrize("name", FILES)
def test_a_policy_allows_each_action_on_a_resource_of_its_kind(name: str) -> None:
    for statement in statements(name):
        assert statement.Effect == "Allow"
        assert statement.Condition.keys() <= OPERATORS.keys()
        if name.startswith("trust/"):
            acted = TRUSTED.get(name.removeprefix("trust/"), ["sts:AssumeRole"])
            assert (statement.Action, statement.Resource) == (acted, [])
            assert statement.Principal
            continue
        assert statement.Principal is None
        assert statement.Resource
        for part in statement.parts():
            check(part)


def check(part: Statement) -> None:
    (action,), (resource,) = part.Action, part.Resource
    if action in WITHOUT_A_KIND:
        assert resource == "*"
    else:
        assert re.match(KINDS[action].replace("*:*:", r"\*:\*:"), resource), f"{action} on {resource}"


def test_no_statement_has_the_name_of_another() -> None:
    for name in FILES:
        sids = [one.Sid for one in statements(name)]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)  # IAM takes no other


@pytest.mark.parametrize("name", FILES)
def test_a_policy_is_documented(name: str) -> None:
    assert f"deploy/iam/{name}.json" in PAGE


def test_each_word_is_documented() -> None:
    assert {word for word in WORDS if f"`{word}`" not in PAGE} == set()


def test_the_documented_settings_exist() -> None:
    ours = {name for name in re.findall(r"`([A-Z][A-Z_]+)(?:=[^`]*)?`", PAGE) if not name.startswith("AWS_")}
    compose = "".join(path.read_text() for path in ROOT.glob("*compose*.yml"))
    of_images = re.findall(r"^(?:ARG )?([A-Z_]+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    others = {"COREML_MODELS", "SECRETS_DIR", "TMPDIR", *re.findall(r"\$\{(\w+)", compose), *of_images}
    assert ours <= others | {name.upper() for name in Settings.model_fields}
