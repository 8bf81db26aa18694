"""boto3 as a service would use it, against one address."""

from dataclasses import dataclass
from functools import cached_property

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError

_session = Session("any-key", "any-secret", region_name="us-east-1")
_config = Config(retries={"total_max_attempts": 1}, read_timeout=30, max_pool_connections=32)


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


class Aws:
    """boto3's clients, each made when it is first used."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.runtime = _session.client("sagemaker-runtime", endpoint_url=address, config=_config)

    @cached_property
    def control(self):
        return _session.client("sagemaker", endpoint_url=self.address, config=_config)

    @cached_property
    def s3(self):
        return _session.client("s3", endpoint_url=self.address, config=_config)

    def invoke(self, endpoint: str, body: str | bytes = "1,2", kind: str = "text/csv", **more: str) -> Reply:
        """One InvokeEndpoint call that is expected to work."""
        found = self.runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType=kind, **more)
        attributes = found.get("CustomAttributes")
        text = found["Body"].read().decode()
        return Reply(text, found["ContentType"], found["InvokedProductionVariant"], attributes)

    def refusal(self, endpoint: str, body: str | bytes = "1,2", kind: str = "text/csv", **more: str) -> Refusal:
        """One InvokeEndpoint call that is expected to be refused."""
        try:
            reply = self.invoke(endpoint, body, kind, **more)
        except ClientError as error:
            response = error.response
            status = response["ResponseMetadata"]["HTTPStatusCode"]
            fault = response["Error"]
            return Refusal(fault["Code"], status, fault["Message"], response.get("OriginalStatusCode"))
        raise AssertionError(f"was answered {reply}")
