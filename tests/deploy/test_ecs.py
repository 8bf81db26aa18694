"""The example of ECS: what its tasks are told, and what may start them, as Terraform makes it.

That is in a folder without resources, which Terraform runs here in earnest. test_terraform has the rest.
"""

import json
import os
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator
from pydantic import JsonValue

from app.core.settings import Settings
from tests.support.charts import at, knows, objects
from tests.support.policies import Statement, statements
from tests.support.terraform import applied, needs_terraform

FOLDER = Path(__file__).parents[2] / "deploy" / "terraform" / "ecs"
SECRET, OWNER = (f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}" for name in ("app", "owner"))
URL = "postgresql://app:secret@db/app"
WORDS = {
    "region": "eu-west-1",
    "account": "123456789012",
    "service_name": "churn",
    "service_repository_arn": "arn:aws:ecr:eu-west-1:123456789012:repository/churn",
    "secret_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1",
}
GIVEN: dict[str, JsonValue] = {
    "name": "churn",
    "region": "eu-west-1",
    "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn:1",
    "host_name": "churn.example.com",
    "settings": {"DEFAULT_MODEL": "churn"},
    "secrets": {"DATABASE_URL": SECRET, "MODELS_TOKEN": f"{SECRET}:token::"},
    "owner_secrets": {"MIGRATION_DATABASE_URL": OWNER},
    "with_secret_key": True,
    "most": {"api": 6, "worker": 2},
    "words": dict[str, JsonValue](WORDS),
}


def made(data: Path, **settings: JsonValue) -> dict[str, JsonValue]:
    return applied(FOLDER / "tasks", GIVEN | ({"settings": settings} if settings else {}), data)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, JsonValue]:
    return made(tmp_path_factory.mktemp("ecs"))


@pytest.fixture
def containers(outputs: dict[str, JsonValue]) -> dict[str, JsonValue]:
    found = outputs["containers"]
    assert isinstance(found, dict)
    return {task: at(json.loads(str(text)), 0) for task, text in found.items()}


@needs_terraform
def test_aws_knows_all_that_a_task_is_told(containers: dict[str, JsonValue]) -> None:
    """By botocore's description of the API, which names and types each parameter."""
    known = get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape
    assert known is not None
    assert containers.keys() == {"api", "worker", "migrate"}
    for container in containers.values():
        definition = {"family": "a", "containerDefinitions": [container]}
        assert ParamValidator().validate(definition, known).generate_report() == ""


@needs_terraform
def test_the_settings_are_taken_by_the_service(
    containers: dict[str, JsonValue], monkeypatch: pytest.MonkeyPatch
) -> None:
    for task, container in containers.items():
        secret = {str(at(one, "name")): URL for one in objects(container, "secrets")}
        plain = {str(at(one, "name")): str(at(one, "value")) for one in objects(container, "environment")}
        monkeypatch.setattr(os, "environ", plain | secret)
        settings = Settings(_env_file=None)
        assert settings.default_model == "churn"
        assert settings.allowed_hosts == "churn.example.com"
        assert (settings.migration_database_url is not None) == (task == "migrate")
        known = {name.upper() for name in Settings.model_fields} | {"AWS_REGION", "MODELS_TOKEN"}
        assert plain.keys() | secret.keys() <= known
        assert not plain.keys() & secret.keys()


@needs_terraform
def test_commands_and_checks_are_those_of_the_image(containers: dict[str, JsonValue]) -> None:
    image = (FOLDER.parents[2] / "Dockerfile").read_text()
    for task, container in containers.items():
        assert knows(objects(container, "command"))
        check = objects(container, "healthCheck", "command")
        assert bool(check) == (task != "migrate")
        assert not check or f"{Path(str(check[-1])).name}" in image
    assert f"WORKDIR {Path(str(check_of(containers, 'api')[-1])).parent}\n" in image


def check_of(containers: dict[str, JsonValue], task: str) -> list[JsonValue]:
    return objects(containers[task], "healthCheck", "command")


@needs_terraform
def test_a_task_may_be_started_with_its_own_secrets_alone(outputs: dict[str, JsonValue]) -> None:
    policies = outputs["policies"]
    assert isinstance(policies, dict)
    for task, arns in {"api": [SECRET], "worker": [SECRET], "migrate": [SECRET, OWNER]}.items():
        expected = {
            "execution": statements("ecs/execution", WORDS),
            "secret-kms": statements("ecs/secret-kms", WORDS),
            **{
                f"secret-{index}": statements("ecs/secret", {"secret_arn": arn})
                for index, arn in enumerate(sorted(arns, key=lambda arn: arn != OWNER))
            },
        }
        mine = policies[task]
        assert isinstance(mine, dict)
        assert sorted(map(str, expected.values())) == sorted(str(read(text)) for text in mine.values())
    assert read(outputs["exec_policy"]) == statements("ecs/exec")
    assert read(outputs["trust"]) == statements("trust/service")


def read(policy: JsonValue) -> list[Statement]:
    return [Statement.model_validate(one) for one in json.loads(str(policy))["Statement"]]


@needs_terraform
def test_waits_outlast_each_other(outputs: dict[str, JsonValue], containers: dict[str, JsonValue]) -> None:
    """A prediction, the balancer that waits for it, and the service that keeps the connection."""
    told = {str(at(one, "name")): str(at(one, "value")) for one in objects(containers["api"], "environment")}
    balancer, leaving = outputs["idle_timeout"], outputs["deregistration_delay"]
    assert isinstance(balancer, int)
    assert isinstance(leaving, int)
    assert Settings.model_fields["predict_timeout"].default < min(balancer, leaving)
    assert balancer < int(told["KEEP_ALIVE"])
    assert at(containers["api"], "stopTimeout") == 120


@needs_terraform
@pytest.mark.parametrize(
    ("settings", "connections", "in_time"),
    [
        ({"PREDICT_TIMEOUT": "70"}, 2 * 6 * 11 + 2 * 2 * 12 + 10, True),
        ({"DATABASE_POOL_SIZE": "4", "PREDICT_TIMEOUT": "100"}, 2 * 6 * 5 + 2 * 2 * 6 + 10, True),
        ({"DATABASE_POOLER": "true", "PREDICT_TIMEOUT": "100", "SHUTDOWN_DELAY": "6"}, 12 + 8 + 10, False),
    ],
)
def test_sums_are_those_of_the_settings(
    settings: dict[str, JsonValue], connections: int, in_time: bool, tmp_path: Path
) -> None:
    outputs = made(tmp_path, **settings)
    assert outputs["connections"] == connections
    assert outputs["ends_in_time"] is in_time


AWS = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in
  *run-task*) echo "$STARTED" ;;
  *lastStatus*) echo STOPPED ;;
  *exitCode*) echo "$CODE" ;;
esac
"""


@pytest.mark.parametrize(
    ("started", "code", "said"),
    [
        ("arn:task", "0", ""),
        ("arn:task", "1", "The migration failed (exit code 1); its log is in /ecs/churn/migrate."),
        ("arn:task", "None", "The migration failed (exit code None)"),
        ("None", "0", "The migration's task was not started"),
    ],
)
def test_a_migration_that_fails_ends_the_apply(tmp_path: Path, started: str, code: str, said: str) -> None:
    """With a stand-in for AWS's CLI."""
    stand_in = tmp_path / "aws"
    stand_in.write_text(AWS)
    stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
    given: Mapping[str, str] = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        **{"CALLS": str(tmp_path / "calls"), "STARTED": started, "CODE": code, "PAUSE": "0", "TRIES": "2"},
        **{"CLUSTER": "churn", "TASK": "arn:definition", "SUBNETS": "a,b", "SECURITY_GROUP": "sg"},
        "LOG_GROUP": "/ecs/churn/migrate",
    }
    command = ["sh", str(FOLDER / "migrate.sh")]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (not said)
    assert said in done.stderr
    assert "subnets=[a,b],securityGroups=[sg]" in (tmp_path / "calls").read_text()
