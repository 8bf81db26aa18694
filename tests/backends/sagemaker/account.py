"""An account as the control plane and S3 show it."""

from collections.abc import Callable

from pydantic import JsonValue

from app.backends.base import Backend
from tests.support.aws_stub import Answer, AwsStub, Request, control_error, reply

Opener = Callable[..., Backend]
DENIED = control_error("AccessDeniedException")


def unknown(kind: str) -> Answer:
    """As the control plane says that there is none."""
    message = f'Could not find {kind} "arn:aws:sagemaker:us-east-1:123456789012:x/secret".'
    return control_error("ValidationException", message)


class Account:
    """What the control plane and S3 say; a test changes the answer of one operation."""

    def __init__(self, aws: AwsStub) -> None:
        self.answers: dict[str, Answer] = {}
        self.set("DescribeEndpoint", EndpointConfigName="config-1", EndpointStatus="InService")
        blue: JsonValue = {"VariantName": "blue", "ModelName": "model-blue"}
        green: JsonValue = {"VariantName": "green", "ModelName": "model-green"}
        self.set("DescribeEndpointConfig", ProductionVariants=[blue, green])
        self.set("DescribeModel", PrimaryContainer={"ModelDataUrl": "s3://bucket/models/"})
        self.answers[""] = Answer(headers={"ETag": '"abc"'})
        self.aws = aws
        aws.respond = self.respond

    def set(self, operation: str, **answer: JsonValue) -> None:
        self.answers[operation] = reply(answer)

    def respond(self, request: Request) -> Answer:
        return self.answers[request.operation]

    @property
    def operations(self) -> list[str]:
        return [request.operation or request.path for request in self.aws.requests]
