"""Inference components: created, scaled to zero and back, and called."""

import pytest
from botocore.exceptions import ClientError

from tests.support.deploying import ROLE, DeployingAccount


@pytest.fixture
async def hosting(account: DeployingAccount) -> DeployingAccount:
    """The endpoint ``shared``, whose variant ``all`` hosts the component ``part`` in one copy."""
    account.control.create_endpoint_config(
        EndpointConfigName="config",
        ExecutionRoleArn=ROLE,
        ProductionVariants=[{"VariantName": "all", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}],
    )
    await account.endpoint("shared", "config")
    create(account, "part")
    return account


def create(account: DeployingAccount, name: str, variant: str = "all") -> None:
    container = account.container(name)
    account.control.create_inference_component(
        InferenceComponentName=name,
        EndpointName="shared",
        VariantName=variant,
        Specification={
            "Container": {"Image": "image", "ArtifactUrl": container["ModelDataUrl"]},
            "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 128},
        },
        RuntimeConfig={"CopyCount": 1},
    )


async def test_a_call_names_its_component(hosting: DeployingAccount) -> None:
    create(hosting, "other")
    for name in ("part", "other"):
        (answer,) = hosting.answers("shared", 1, InferenceComponentName=name)
        assert f'"{name}"' in answer
    assert "is missing an inference component header" in hosting.aws.refusal("shared").message
    refusal = hosting.aws.refusal("shared", InferenceComponentName="third")
    assert refusal.message == "Inference Component third of account 000000000000 not found."


async def test_scaled_to_zero_it_has_no_capacity(hosting: DeployingAccount) -> None:
    def scale(copies: int) -> None:
        hosting.control.update_inference_component_runtime_config(
            InferenceComponentName="part", DesiredRuntimeConfig={"CopyCount": copies}
        )

    scale(0)
    refusal = hosting.aws.refusal("shared", InferenceComponentName="part")
    assert (refusal.code, refusal.status) == ("ValidationError", 400)
    assert refusal.message.startswith("Inference Component has no capacity to process this request.")
    found = hosting.control.describe_inference_component(InferenceComponentName="part")
    assert found["RuntimeConfig"] == {"DesiredCopyCount": 0, "CurrentCopyCount": 0}
    scale(2)
    assert len(hosting.answers("shared", 1, InferenceComponentName="part")) == 1


async def test_it_says_what_it_runs(hosting: DeployingAccount) -> None:
    found = hosting.control.describe_inference_component(InferenceComponentName="part")
    assert (found["InferenceComponentStatus"], found["VariantName"]) == ("InService", "all")
    container = found["Specification"]["Container"]
    assert container["ArtifactUrl"] == "s3://local/multi/part.tar.gz"
    assert container["DeployedImage"]["SpecifiedImage"] == "image"


async def test_it_runs_a_model_and_goes(hosting: DeployingAccount) -> None:
    hosting.control.create_inference_component(
        InferenceComponentName="of-model",
        EndpointName="shared",
        VariantName="all",
        Specification={"ModelName": hosting.model("m")},
        RuntimeConfig={"CopyCount": 1},
    )
    assert '"m"' in hosting.answers("shared", 1, InferenceComponentName="of-model")[0]
    hosting.control.delete_inference_component(InferenceComponentName="of-model")
    with pytest.raises(ClientError, match="Could not find inference component"):
        hosting.control.describe_inference_component(InferenceComponentName="of-model")
    assert "not found" in hosting.aws.refusal("shared", InferenceComponentName="of-model").message


async def test_a_variant_with_a_model_hosts_none(hosting: DeployingAccount) -> None:
    await hosting.deployed("churn", "m")
    with pytest.raises(ClientError, match="Variant red of endpoint shared hosts no inference components"):
        create(hosting, "third", variant="red")
    refusal = hosting.aws.refusal("churn", InferenceComponentName="part")
    assert "is not an endpoint with inference components" in refusal.message
