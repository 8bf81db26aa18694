"""Containers that are called by name, components at zero and serverless endpoints: asked and waited for."""

import asyncio

import pytest
from pydantic import JsonValue

from app.backends.registry import open_backend
from app.backends.sagemaker import errors
from app.core.errors import BackendMissing, BackendRejected
from app.core.hosts import Hosts
from app.services.hosting.outcomes import InferenceOutcome, Inferred
from tests.backends.sagemaker.kinds.conftest import Ask
from tests.support.deploying import ROLE, DeployingAccount, HeldPauses, on_instances
from tests.support.eventually import until
from tests.support.looks import revision_of


async def revision(**options: JsonValue) -> str | None:
    backend = open_backend(
        "sagemaker", {"endpoint_name": "churn"} | options, ["a"], concurrency=1, hosts=Hosts()
    )
    try:
        return await revision_of(backend)
    finally:
        await backend.aclose()


async def outputs(asked: "asyncio.Task[list[InferenceOutcome]]") -> list[JsonValue]:
    return [one.output if isinstance(one, Inferred) else str(one) for one in await asked]


async def test_a_container_is_asked_by_its_name(account: DeployingAccount, ask: Ask) -> None:
    account.control.create_model(
        ModelName="several",
        ExecutionRoleArn=ROLE,
        Containers=[{**account.container(name), "ContainerHostname": name} for name in ("first", "second")],
        InferenceExecutionConfig={"Mode": "Direct"},
    )
    account.control.create_endpoint_config(
        EndpointConfigName="config", ProductionVariants=[on_instances("several")]
    )
    await account.endpoint("churn", "config")
    for name in ("first", "second"):
        assert await outputs(ask(1, target_container_hostname=name)) == [{"by": name, "x": 1}]
    told = {await revision(target_container_hostname=name) for name in ("first", "second")}
    assert len(told) == 2
    with pytest.raises(BackendMissing, match="is needed: first, second"):
        await revision()


async def test_a_component_at_zero_is_waited_for_and_a_look_wakes_nothing(
    account: DeployingAccount, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "SCALING_RETRY_AFTER", 0.02)
    account.control.create_endpoint_config(
        EndpointConfigName="config",
        ExecutionRoleArn=ROLE,
        ProductionVariants=[{"VariantName": "all", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}],
    )
    await account.endpoint("churn", "config")
    account.control.create_inference_component(
        InferenceComponentName="part",
        EndpointName="churn",
        VariantName="all",
        Specification={
            "Container": {"Image": "image", "ArtifactUrl": account.container("part")["ModelDataUrl"]},
            "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 128},
        },
        RuntimeConfig={"CopyCount": 0},
    )
    at_zero = await revision(inference_component="part")
    asked = ask(1, inference_component="part")
    await asyncio.sleep(0.1)
    assert not asked.done()
    account.control.update_inference_component_runtime_config(
        InferenceComponentName="part", DesiredRuntimeConfig={"CopyCount": 1}
    )
    assert await outputs(asked) == [{"by": "part", "x": 1}]
    assert await revision(inference_component="part") == at_zero


async def serverless(account: DeployingAccount) -> None:
    account.control.create_endpoint_config(
        EndpointConfigName="config",
        ProductionVariants=[
            {
                "VariantName": "all",
                "ModelName": account.model("m"),
                "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
            }
        ],
    )
    await account.endpoint("churn", "config")


async def test_a_cold_start_is_waited_for_and_so_is_a_free_place(
    account: DeployingAccount, ask: Ask, pauses: HeldPauses
) -> None:
    await serverless(account)
    first = ask(1)
    await until(lambda: len(pauses.begun) == 1)
    others = [ask(number) for number in (2, 3)]  # which are throttled: one call at a time
    await asyncio.sleep(0.1)
    assert not any(one.done() for one in (first, *others))
    pauses.let_go()
    for number, asked in enumerate((first, *others), start=1):
        assert await outputs(asked) == [{"by": "m", "x": number}]


async def test_what_no_serverless_endpoint_takes_is_not_sent(
    account: DeployingAccount, ask: Ask, pauses: HeldPauses
) -> None:
    await serverless(account)
    pauses.let_go()
    long = "x" * (5 * 2**20)
    (refused,) = await ask(long)
    assert isinstance(refused, BackendRejected)
    assert "4 MB that a serverless endpoint takes" in refused.detail
    assert pauses.begun == []
    kept = await ask(*["x" * 2**20] * 5)  # one call of them would be too long
    assert [type(one) for one in kept] == [Inferred] * 5
