"""Models of several containers: one after the other, or the one that a call names."""

import pytest
from botocore.exceptions import ClientError

from tests.support.artifacts import write_artifact
from tests.support.aws import Aws, Refusal
from tests.support.deploying import ROLE, DeployingAccount, on_instances

ADDS_ITS_NAME = """
    def model_fn(model_dir):
        return NAME

    def transform_fn(model, body, content_type, accept):
        return f"{body if isinstance(body, str) else body.decode()} {model}({content_type} {accept})", NAME
"""
FAILS = """
    def model_fn(model_dir):
        return None

    def transform_fn(model, body, content_type, accept):
        raise RuntimeError("no good")
"""


async def several(account: DeployingAccount, mode: str, second: str = ADDS_ITS_NAME) -> Aws:
    """The endpoint ``churn``: the containers ``first`` and ``second`` of one model."""
    account.control.create_model(
        ModelName="several",
        ExecutionRoleArn=ROLE,
        Containers=[
            {**account.container(name, code), "ContainerHostname": name}
            for name, code in (("first", ADDS_ITS_NAME), ("second", second))
        ],
        InferenceExecutionConfig={"Mode": mode},  # type: ignore[typeddict-item]
    )
    account.control.create_endpoint_config(
        EndpointConfigName="config", ProductionVariants=[on_instances("several")]
    )
    await account.endpoint("churn", "config")
    return account.aws


async def test_a_pipeline_hands_on_what_each_answers(account: DeployingAccount) -> None:
    reply = (await several(account, "Serial")).invoke("churn", "1", Accept="text/x")
    assert (reply.body, reply.content_type) == (
        "1 first(text/csv application/json) second(first text/x)",
        "second",
    )


async def test_a_call_of_a_pipeline_names_no_container(account: DeployingAccount) -> None:
    refusal = (await several(account, "Serial")).refusal("churn", TargetContainerHostname="first")
    assert "does not support target container hostname header" in refusal.message


async def test_a_direct_call_is_answered_by_the_container_it_names(account: DeployingAccount) -> None:
    aws = await several(account, "Direct")
    for name in ("first", "second"):
        reply = aws.invoke("churn", "1", TargetContainerHostname=name, Accept="text/x")
        assert (reply.body, reply.variant) == (f"1 {name}(text/csv text/x)", "all")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "is missing a target container hostname header"),
        ({"TargetContainerHostname": "third"}, "Target container third not found for endpoint churn."),
        ({"TargetContainerHostname": "first", "TargetModel": "m"}, "is not a multi-model endpoint"),
    ],
)
async def test_a_direct_call_has_to_name_one(
    account: DeployingAccount, more: dict[str, str], message: str
) -> None:
    refusal = (await several(account, "Direct")).refusal("churn", "1", **more)
    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    assert message in refusal.message


async def test_a_failure_names_its_container(account: DeployingAccount) -> None:
    refusal = (await several(account, "Serial", FAILS)).refusal("churn", "1")
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.original) == ("ModelError", 500)
    assert 'server error (500) from second with message "no good' in refusal.message


async def test_one_container_of_a_pipeline_may_have_target_models(account: DeployingAccount) -> None:
    first = account.container("first", ADDS_ITS_NAME)
    account.container("target", ADDS_ITS_NAME)
    many = {"Image": "image", "Mode": "MultiModel", "ModelDataUrl": "s3://local/multi/"}
    account.control.create_model(
        ModelName="several",
        ExecutionRoleArn=ROLE,
        Containers=[first, many],  # type: ignore[list-item]
    )
    account.control.create_endpoint_config(
        EndpointConfigName="config", ProductionVariants=[on_instances("several")]
    )
    await account.endpoint("churn", "config")
    assert "is missing a target model header" in account.aws.refusal("churn", "1").message
    assert "target(first" in account.aws.invoke("churn", "1", TargetModel="target.tar.gz").body


async def test_what_cannot_run_here_is_no_model(account: DeployingAccount) -> None:
    with pytest.raises(ClientError, match="has no model data: images do not run here"):
        account.control.create_model(
            ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image"}
        )
    with pytest.raises(ClientError, match="Could not find model"):
        account.control.describe_model(ModelName="m")


async def test_a_given_endpoint_and_a_created_one_live_side_by_side(account: DeployingAccount) -> None:
    write_artifact(account.artifact("m"))
    assert account.aws.invoke("multi", TargetModel="m.tar.gz").body == "6"
