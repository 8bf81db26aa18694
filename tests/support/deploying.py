"""Deploying on the local endpoint with plain boto3, and pauses of it that a test ends."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from app.local.endpoint.artifacts.sources import LOCAL_BUCKET
from tests.support.artifacts import write_artifact
from tests.support.aws import Aws, connect
from tests.support.eventually import until

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import (
        ContainerDefinitionTypeDef,
        DeploymentConfigTypeDef,
        DescribeEndpointOutputTypeDef,
        ProductionVariantTypeDef,
        TrafficRoutingConfigTypeDef,
    )

ROLE = "arn:aws:iam::000000000000:role/any"
NAMES_ITSELF = """
    import json

    def model_fn(model_dir):
        return NAME

    def input_fn(body, content_type):
        return json.loads(body)

    def predict_fn(rows, name):
        return [{"by": name, "x": row[0]} for row in rows]
"""
"""Answers JSON rows; each answer says which model made it, and of which number."""
FAILS = """
    def model_fn(model_dir):
        return None

    def input_fn(body, content_type):
        raise RuntimeError("this release is no good")

    def predict_fn(rows, model):
        return rows
"""


class HeldPauses:
    """Each pause lasts until the test lets it go; the first one first."""

    def __init__(self) -> None:
        self.begun: list[float] = []
        """Seconds, as they were asked for."""
        self._let_go = 0

    async def __call__(self, seconds: float) -> None:
        number = len(self.begun)
        self.begun.append(seconds)
        while self._let_go <= number:  # noqa: ASYNC110 - the test is in another thread
            await asyncio.sleep(0.002)

    def let_go(self) -> None:
        """End the pause that is under way, or the next one."""
        self._let_go += 1


class DeployingAccount:
    """What a team does with boto3. Artifacts are in the folder of the endpoint ``multi``."""

    def __init__(self, aws: Aws, artifacts: Path) -> None:
        self.aws, self._artifacts = aws, artifacts
        self.control: SageMakerClient = connect("sagemaker", endpoint_url=aws.address)

    def artifact(self, name: str) -> Path:
        return self._artifacts / f"{name}.tar.gz"

    def container(self, name: str, inference: str = NAMES_ITSELF) -> "ContainerDefinitionTypeDef":
        """The container of a new artifact."""
        write_artifact(self.artifact(name), inference.replace("NAME", repr(name)))
        return {"Image": "image", "ModelDataUrl": f"s3://{LOCAL_BUCKET}/multi/{name}.tar.gz"}

    def model(self, name: str, inference: str = NAMES_ITSELF) -> str:
        """A model with one artifact; gives its name."""
        self.control.create_model(
            ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=self.container(name, inference)
        )
        return name

    def config(self, name: str, **weights: float) -> str:
        """A configuration that runs each of these models as a variant of its name; gives its name."""
        variants: list[ProductionVariantTypeDef] = [
            {**on_instances(model), "VariantName": model, "InitialVariantWeight": weight}
            for model, weight in weights.items()
        ]
        self.control.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
        return name

    async def endpoint(self, name: str, config: str) -> None:
        """In service once it returns."""
        self.control.create_endpoint(EndpointName=name, EndpointConfigName=config)
        await self.settled(name)

    async def deployed(self, name: str, model: str) -> None:
        """An endpoint whose one variant, ``all``, runs a new model of this name."""
        await self.endpoint(name, self.release(model))

    def release(self, model: str, inference: str = NAMES_ITSELF) -> str:
        """A new model, and the configuration that runs it as the one variant, ``all``; gives its name."""
        variant = on_instances(self.model(model, inference))
        config = f"config-{model}"
        self.control.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[variant])
        return config

    async def settled(self, name: str) -> "DescribeEndpointOutputTypeDef":
        """The endpoint once nothing of it is under way."""
        busy = {"Creating", "Updating", "RollingBack"}
        await until(lambda: self.describe(name)["EndpointStatus"] not in busy)
        return self.describe(name)

    def describe(self, name: str) -> "DescribeEndpointOutputTypeDef":
        return self.control.describe_endpoint(EndpointName=name)

    def answers(self, name: str, calls: int, **more: str) -> list[str]:
        """Bodies of so many answers in a row."""
        return [self.aws.invoke(name, "[[1]]", "application/json", **more).body for _ in range(calls)]


def headers(operation: str) -> dict[str, str]:
    """Those of a call of the control plane that boto3 would refuse to make."""
    return {"authorization": "AWS4-HMAC-SHA256 any", "x-amz-target": f"SageMaker.{operation}"}


def on_instances(model: str) -> "ProductionVariantTypeDef":
    return {
        "VariantName": "all",
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 4,
    }


def shifting(
    routing: "TrafficRoutingConfigTypeDef", *alarms: str, termination: int = 0
) -> "DeploymentConfigTypeDef":
    """A blue/green deployment that these alarms watch."""
    deployment: DeploymentConfigTypeDef = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": termination,
        }
    }
    if alarms:
        deployment["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in alarms]}
    return deployment


CANARY: "TrafficRoutingConfigTypeDef" = {
    "Type": "CANARY",
    "WaitIntervalInSeconds": 600,
    "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
}
LINEAR: "TrafficRoutingConfigTypeDef" = {
    "Type": "LINEAR",
    "WaitIntervalInSeconds": 300,
    "LinearStepSize": {"Type": "INSTANCE_COUNT", "Value": 2},
}
