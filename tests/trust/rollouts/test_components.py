"""An inference component that is scaled to zero and back, and then runs another model."""

from collections.abc import AsyncIterator, Mapping

import pytest
from pydantic import JsonValue

from app.core.settings import Settings
from tests.support.deploying import ROLE, DeployingAccount
from tests.trust.conftest import Service, opened
from tests.trust.rollouts.conftest import OnSageMaker
from tests.trust.rollouts.test_cache import by


class OnComponent(OnSageMaker):
    """One whose live version asks the component ``part``."""

    options: Mapping[str, JsonValue] = {**OnSageMaker.options, "inference_component": "part"}


@pytest.fixture
async def service(settings: Settings, account: DeployingAccount) -> AsyncIterator[Service]:
    """The component runs the model ``old`` in one copy, and a look has seen it."""
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
        Specification={"ModelName": account.model("old")},
        RuntimeConfig={"CopyCount": 1},
    )
    async with opened(settings, OnComponent) as made:
        await made.look()
        yield made


async def test_copies_are_no_revision_and_another_model_is(
    service: Service, account: DeployingAccount
) -> None:
    def scale(copies: int) -> None:
        account.control.update_inference_component_runtime_config(
            InferenceComponentName="part", DesiredRuntimeConfig={"CopyCount": copies}
        )

    first = await service.predict("r1")
    await service.look()
    scale(0)
    await service.look()
    assert (await service.predict("r1")).id == first.id
    scale(2)
    await service.look()
    assert (await service.predict("r1")).id == first.id
    account.control.update_inference_component(
        InferenceComponentName="part", Specification={"ModelName": account.model("new")}
    )
    await service.look()
    answers = [await service.predict("r1") for _ in range(2)]
    assert [(answer.cache, by(answer)) for answer in answers] == [("MISS", "new"), ("HIT", "new")]
