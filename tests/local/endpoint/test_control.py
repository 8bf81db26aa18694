from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from app.local.endpoint.config import Endpoint
from tests.support.artifacts import write_artifact
from tests.support.aws import Aws, Serve, connect


def model_of(aws: Aws, endpoint: str) -> dict[str, object]:
    """The way a client finds an endpoint's model."""
    control = connect("sagemaker", endpoint_url=aws.address)
    found = control.describe_endpoint(EndpointName=endpoint)
    config = control.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
    (variant,) = config["ProductionVariants"]
    assert variant["VariantName"] == found["ProductionVariants"][0]["VariantName"]
    model: dict[str, object] = control.describe_model(ModelName=variant["ModelName"])
    return model


def test_an_endpoint_leads_to_its_models_data(artifacts: Path, serve: Serve) -> None:
    path = write_artifact(artifacts / "m.tar.gz")
    aws = serve(Endpoint("one", str(path), multi_model=False), Endpoint("far", "s3://bucket/prefix"))
    containers = {name: model_of(aws, name)["PrimaryContainer"] for name in ("multi", "one", "far")}
    image = {"Image": "sagemaker-fastapi/local-endpoint:latest"}
    assert containers == {
        "multi": {**image, "Mode": "MultiModel", "ModelDataUrl": "s3://local/multi/"},
        "one": {**image, "Mode": "SingleModel", "ModelDataUrl": "s3://local/one/m.tar.gz"},
        "far": {**image, "Mode": "MultiModel", "ModelDataUrl": "s3://bucket/prefix/"},
    }


def test_an_endpoint_says_what_is_deployed(artifacts: Path, serve: Serve) -> None:
    aws = serve(Endpoint("blue", str(artifacts), variant="Blue"))
    found = connect("sagemaker", endpoint_url=aws.address).describe_endpoint(EndpointName="blue")
    (variant,) = found["ProductionVariants"]
    assert (found["EndpointStatus"], variant["VariantName"]) == ("InService", "Blue")
    assert found["EndpointArn"] == "arn:aws:sagemaker:us-east-1:000000000000:endpoint/blue"
    assert variant["DeployedImages"][0]["ResolutionTime"] == found["CreationTime"]


def test_the_configuration_is_another_when_a_single_model_is(artifacts: Path, serve: Serve) -> None:
    def config() -> str:
        path = write_artifact(artifacts / "m.tar.gz", inference)
        aws = serve(Endpoint("one", str(path), multi_model=False))
        found = connect("sagemaker", endpoint_url=aws.address).describe_endpoint(EndpointName="one")
        name: str = found["EndpointConfigName"]
        return name

    inference = "x = 1"
    first = config()
    inference = "x = 1000 * 1000"
    assert config() != first


@pytest.mark.parametrize(
    ("call", "parameter", "message"),
    [
        ("describe_endpoint", "EndpointName", "Could not find endpoint"),
        ("describe_endpoint_config", "EndpointConfigName", "Could not find endpoint configuration"),
        ("describe_model", "ModelName", "Could not find model"),
    ],
)
def test_an_unknown_name_is_a_validation_exception(
    serve: Serve, call: str, parameter: str, message: str
) -> None:
    control = connect("sagemaker", endpoint_url=serve().address)
    with pytest.raises(ClientError, match=message) as caught:
        getattr(control, call)(**{parameter: "mult"})  # no prefix of a name is one
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_operation_that_is_not_there_says_so(serve: Serve) -> None:
    control = connect("sagemaker", endpoint_url=serve().address)
    with pytest.raises(ClientError, match="ListEndpoints") as caught:
        control.list_endpoints()
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
