"""boto3 clients from one session: each session keeps its own copy of the service models, tens of MB."""

import threading
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore import exceptions as vendor
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:  # the stubs are installed where mypy runs, and nowhere else
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

CallError = ClientError | BotoCoreError | ResponseParserError | HTTPError
CALL_ERRORS = (ClientError, BotoCoreError, ResponseParserError, HTTPError)
"""Everything a boto3 call may raise for a reason outside this program."""
UNREACHABLE = (vendor.ConnectionError, vendor.HTTPClientError, HTTPError)
"""Those of them where no whole answer came."""

_one_at_a_time = threading.Lock()  # clients may be used by all threads, but a session makes one at a time


@cache
def session() -> boto3.Session:
    """The process's session; its credentials renew themselves."""
    return boto3.Session()


def call_config(
    *, attempts: int, connect_timeout: float, read_timeout: float, connections: int = 10
) -> Config:
    """How often a call may be made, how many seconds it may take, and how many connections are kept."""
    return Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        max_pool_connections=connections,
        tcp_keepalive=True,
    )


def s3_client(config: Config, *, region: str | None = None) -> "S3Client":
    """A client of S3; the region is by default the environment's, as is its address."""
    with _one_at_a_time:
        return session().client("s3", region_name=region, config=config)


def sagemaker_client(config: Config, *, region: str | None = None) -> "SageMakerClient":
    """A client of SageMaker's control plane."""
    with _one_at_a_time:
        return session().client("sagemaker", region_name=region, config=config)


def sagemaker_runtime_client(
    config: Config, *, region: str | None = None, endpoint_url: str | None = None
) -> "SageMakerRuntimeClient":
    """A client of SageMaker's endpoints; ``endpoint_url`` is another address than the environment's."""
    with _one_at_a_time:
        return session().client(
            "sagemaker-runtime", region_name=region, endpoint_url=endpoint_url, config=config
        )


def error_code(error: CallError) -> str:
    """The platform's word for why it refused; empty where it did not answer."""
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""


def error_status(error: CallError) -> int:
    """The HTTP status of a refusal; 0 where there was no answer."""
    if not isinstance(error, ClientError):
        return 0
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
