"""What the control plane answers has the members of botocore's own model of SageMaker, and no others."""

from collections.abc import Mapping

import pytest
from botocore.model import ListShape, Shape, StructureShape
from botocore.session import Session
from pydantic import JsonValue, TypeAdapter

from tests.support.deploying import CANARY, ROLE, DeployingAccount, HeldPauses, shifting
from tests.support.eventually import until

SERVICE = Session().get_service_model("sagemaker")
_object: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def faults(shape: Shape | None, value: JsonValue, place: str) -> list[str]:
    """Members that the shape has and the value lacks, and the other way round."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        found = [f"{place} lacks {name}" for name in shape.required_members if name not in value]
        for name, member in value.items():
            if name not in shape.members:
                found.append(f"{place} has {name}")
                continue
            found += faults(shape.members[name], member, f"{place}.{name}")
        return found
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [fault for each in value for fault in faults(shape.member, each, f"{place}[]")]
    return []


async def test_whatever_is_described(account: DeployingAccount, pauses: HeldPauses) -> None:
    """Through a canary, of an endpoint with data capture and a serverless variant; and a component."""
    said: list[tuple[str, dict[str, JsonValue]]] = []
    account.control.meta.events.register(
        "after-call.sagemaker.*",
        lambda http_response, model, **_: said.append(
            (model.name, _object.validate_json(http_response.content))
        ),
    )
    await account.deployed("churn", "old")
    account.control.create_endpoint_config(
        EndpointConfigName="new",
        ExecutionRoleArn=ROLE,
        ProductionVariants=[
            {
                "VariantName": "less",
                "ModelName": account.model("new"),
                "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
            },
            {"VariantName": "hosts", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1},
        ],
        DataCaptureConfig={
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://bucket",
            "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
        },
    )
    account.control.update_endpoint(
        EndpointName="churn", EndpointConfigName="new", DeploymentConfig=shifting(CANARY, "errors")
    )
    await until(lambda: len(pauses.begun) == 1)
    account.describe("churn")
    pauses.let_go()
    pauses.let_go()
    await account.settled("churn")
    account.control.create_inference_component(
        InferenceComponentName="part",
        EndpointName="churn",
        VariantName="hosts",
        Specification={"ModelName": "new"},
        RuntimeConfig={"CopyCount": 1},
    )
    account.control.describe_inference_component(InferenceComponentName="part")
    account.control.describe_endpoint_config(EndpointConfigName="new")
    account.control.describe_model(ModelName="new")
    account.control.delete_inference_component(InferenceComponentName="part")
    assert {name for name, _ in said} >= {"DescribeEndpoint", "UpdateEndpoint", "CreateModel"}
    assert any("PendingDeploymentSummary" in answer for _, answer in said)
    found = [
        fault
        for name, answer in said
        for fault in faults(SERVICE.operation_model(name).output_shape, answer, name)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("value", "fault"), [({}, "x lacks EndpointName"), ({"Endpoint": 1}, "x has Endpoint")]
)
def test_the_comparison_finds_what_it_should(value: JsonValue, fault: str) -> None:
    assert fault in faults(SERVICE.shape_for("DescribeEndpointOutput"), value, "x")
