"""A scripted server that speaks the wire of SageMaker's runtime and control plane, and of S3's HEAD."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import JsonValue

from tests.support.http_stub import Answer, HttpStub, Request, Respond, http_stub, reply

__all__ = [
    "Answer",
    "AwsStub",
    "Request",
    "Respond",
    "aws_environment",
    "aws_stub",
    "control_error",
    "csv",
    "error",
    "model_error",
    "reply",
]

AwsStub = HttpStub


def csv(text: str, content_type: str = "text/csv; charset=utf-8") -> Answer:
    return Answer(body=text.encode(), headers={"Content-Type": content_type})


def error(
    code: str, status: int, message: str | None = "secret", retry_after: str | None = None, **more: JsonValue
) -> Answer:
    """An error as the runtime sends it: the code in a header, the rest in a JSON body."""
    headers = {"x-amzn-ErrorType": code, "Content-Type": "application/json"}
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    return Answer(status, json.dumps({"Message": message, **more}).encode(), headers)


def control_error(code: str, message: str = "secret") -> Answer:
    """An error as the control plane sends it: the code in the body."""
    return Answer(400, json.dumps({"__type": code, "message": message}).encode())


def model_error(status: int, message: str = "secret") -> Answer:
    """The container's failure inside the platform's 424."""
    return error(
        "ModelError",
        424,
        f"Received server error ({status}) from primary with message {message!r}",
        OriginalStatusCode=status,
        OriginalMessage=message,
        LogStreamArn="arn:aws:logs:us-east-1:123456789012:log-group:secret",
    )


def aws_environment(url: str) -> dict[str, str]:
    """In which boto3 finds the server, and nothing of the developer's."""
    nowhere = str(Path(os.devnull) / "none")
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }


@contextmanager
def aws_stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsStub]:
    """The server, and the environment to go with it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with http_stub() as server:
        server.respond = lambda request: csv("1")
        for name, value in aws_environment(server.url).items():
            monkeypatch.setenv(name, value)
        yield server
