"""boto3 as a service would use it, against one address."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.support.eventually import TIMEOUT

_session = Session("any-key", "any-secret", region_name="us-east-1")
_config = Config(retries={"total_max_attempts": 1}, read_timeout=TIMEOUT, max_pool_connections=32)


@dataclass(frozen=True)
class Reply:
    """What a model answered."""

    body: str
    content_type: str
    variant: str
    custom_attributes: str | None


@dataclass(frozen=True)
class Refusal:
    """What boto3 raised; ``original`` is the container's own status inside a ModelError."""

    code: str
    status: int
    message: str
    original: int | None = None


connect = partial(_session.client, config=_config)
"""boto3's own ``client``: ``connect("s3", endpoint_url=...)``."""


class Aws:
    """An endpoint by its address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._runtime = connect("sagemaker-runtime", endpoint_url=address)

    def outcome(
        self, endpoint: str, body: str | bytes = "1,2", kind: str = "text/csv", **more: str
    ) -> Reply | Refusal:
        """One InvokeEndpoint call; an empty ``kind`` sends no content type."""
        if kind:
            more["ContentType"] = kind
        try:
            found = self._runtime.invoke_endpoint(EndpointName=endpoint, Body=body, **more)
        except ClientError as error:
            return _refusal(error)
        text, attributes = found["Body"].read().decode(), found.get("CustomAttributes")
        return Reply(text, found["ContentType"], found["InvokedProductionVariant"], attributes)

    def invoke(self, endpoint: str, body: str | bytes = "1,2", kind: str = "text/csv", **more: str) -> Reply:
        """A call that has to be answered."""
        outcome = self.outcome(endpoint, body, kind, **more)
        assert isinstance(outcome, Reply), outcome
        return outcome

    def refusal(
        self, endpoint: str, body: str | bytes = "1,2", kind: str = "text/csv", **more: str
    ) -> Refusal:
        """A call that has to be refused."""
        outcome = self.outcome(endpoint, body, kind, **more)
        assert isinstance(outcome, Refusal), outcome
        return outcome


def _refusal(error: ClientError) -> Refusal:
    response, fault = error.response, error.response["Error"]
    original = response.get("OriginalStatusCode")
    original = original if isinstance(original, int) else None
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return Refusal(fault["Code"], status, fault["Message"], original)


Serve = Callable[..., Aws]
"""Starts an endpoint (given what it serves, and its limits) and connects to it."""
