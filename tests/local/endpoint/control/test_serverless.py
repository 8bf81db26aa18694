"""Serverless endpoints: cold starts, the limit of a body, and of calls at the same time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.local.endpoint import spy
from tests.support.aws import Serve
from tests.support.deploying import NAMES_ITSELF, DeployingAccount, HeldPauses, headers
from tests.support.eventually import until

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import ProductionVariantServerlessConfigTypeDef


async def serverless(account: DeployingAccount, inference: str = NAMES_ITSELF, provisioned: int = 0) -> None:
    """The endpoint ``churn``, with one environment at most."""
    limits: ProductionVariantServerlessConfigTypeDef = {"MemorySizeInMB": 1024, "MaxConcurrency": 1}
    if provisioned:
        limits["ProvisionedConcurrency"] = provisioned
    account.control.create_endpoint_config(
        EndpointConfigName="config",
        ProductionVariants=[
            {
                "VariantName": "all",
                "ModelName": account.model("m", inference),
                "ServerlessConfig": limits,
            }
        ],
    )
    await account.endpoint("churn", "config")


async def test_it_says_its_limits(account: DeployingAccount) -> None:
    await serverless(account)
    (variant,) = account.describe("churn")["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == {"MemorySizeInMB": 1024, "MaxConcurrency": 1}
    assert "CurrentInstanceCount" not in variant


async def test_only_a_cold_start_takes_time(account: DeployingAccount, pauses: HeldPauses) -> None:
    await serverless(account)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(account.answers, "churn", 1)
        await until(lambda: pauses.begun == [2])
        assert not first.done()
        pauses.let_go()
        first.result()
    account.answers("churn", 3)
    assert pauses.begun == [2]


async def test_provisioned_environments_are_warm(account: DeployingAccount, pauses: HeldPauses) -> None:
    await serverless(account, provisioned=1)
    account.answers("churn", 2)
    assert pauses.begun == []


async def test_its_bodies_are_smaller(account: DeployingAccount) -> None:
    await serverless(account)
    refusal = account.aws.refusal("churn", "1" * (4 * 1024**2 + 1))
    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    assert refusal.message.endswith("has oversize body.")


async def test_beyond_its_concurrency_it_throttles(artifacts: Path, serve: Serve) -> None:
    """With a message that is null, as AWS sends it."""
    account = DeployingAccount(serve(cold_start_seconds=0), artifacts)
    await serverless(account, spy.WAITS_TO_PREDICT)
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(account.aws.invoke, "churn")
        await until(spy.entered.is_set)
        refusal = account.aws.refusal("churn")
        spy.gate.set()
        assert call.result().body == "true"
    assert (refusal.code, refusal.status) == ("ThrottlingException", 400)


@pytest.mark.parametrize(
    ("limits", "member"),
    [
        (
            {"MemorySizeInMB": 1024, "MaxConcurrency": 300},
            "productionVariants.0.serverlessConfig.maxConcurrency",
        ),
        ({"MemorySizeInMB": 9, "MaxConcurrency": 1}, "productionVariants.0.serverlessConfig.memorySizeInMB"),
    ],
)
def test_limits_that_sagemaker_does_not_take(
    account: DeployingAccount, limits: dict[str, int], member: str
) -> None:
    variant = {"VariantName": "all", "ModelName": account.model("m"), "ServerlessConfig": limits}
    said = {"EndpointConfigName": "config", "ProductionVariants": [variant]}
    reply = httpx.post(account.aws.address, headers=headers("CreateEndpointConfig"), json=said)
    assert (reply.status_code, reply.json()["__type"]) == (400, "ValidationException")
    assert f"Value at '{member}' failed to satisfy constraint" in reply.json()["Message"]
