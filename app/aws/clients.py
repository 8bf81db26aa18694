"""boto3 clients, shared by all who ask for the same: making one takes tens of milliseconds and a megabyte.

They are of one session: each session keeps its own copy of the service models, tens of MB.
"""

import io
import os
import threading
from collections.abc import Callable, Hashable, Mapping
from contextvars import ContextVar
from functools import cache, partial
from typing import TYPE_CHECKING, Literal, TypeVar, cast
from weakref import WeakKeyDictionary

import botocore.session
from botocore import exceptions as vendor
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from app.aws.roles import AwsSession, Role, assumed
from app.core.logging.quoting import Quoted
from app.core.tracing.present import TRACING

if TYPE_CHECKING:  # the stubs are installed where mypy runs, and nowhere else
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

CallError = ClientError | BotoCoreError | ResponseParserError | HTTPError
CALL_ERRORS = (ClientError, BotoCoreError, ResponseParserError, HTTPError)
"""Everything a boto3 call may raise for a reason outside this program."""
UNREACHABLE = (vendor.ConnectionError, vendor.HTTPClientError, HTTPError)
"""Those of them where no whole answer came."""

T = TypeVar("T")

ADDRESSES = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")
"""How the environment variables begin that lead a client elsewhere."""
MAX_CLIENTS = 32
"""Clients that are kept of a session; there is one for each service, region and address."""
MAX_ROLES = 64
"""Sessions that are kept; there is one for each role and region."""

_one_at_a_time = threading.Lock()  # clients may be used by all threads, but a session makes one at a time
_taken: ContextVar[list[AWSPreparedRequest] | None] = ContextVar("taken", default=None)
_clients: WeakKeyDictionary[AwsSession, dict[Hashable, object]] = WeakKeyDictionary()
_roles: WeakKeyDictionary[AwsSession, dict[Hashable, AwsSession]] = WeakKeyDictionary()


@cache
def session() -> AwsSession:
    """The process's session; its credentials renew themselves."""
    return AwsSession()


def session_for(role: Role | None, region: str | None) -> AwsSession:
    """The session whose credentials are the role's, assumed in that region; without one, the process's."""
    base = session()
    if role is None:
        return base
    with _one_at_a_time:
        kept = _roles.setdefault(base, {})
        if (role, region) not in kept:
            if len(kept) >= MAX_ROLES:
                kept.clear()  # who holds one may go on with it
            kept[role, region] = assumed(role, base, partial(_sts_client, base, region))
        return kept[role, region]


def _sts_client(base: AwsSession, region: str | None, keys: ReadOnlyCredentials) -> BaseClient:
    with _one_at_a_time:
        return base.core.create_client(
            "sts",
            region_name=region,
            config=STS,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            aws_session_token=keys.token,
        )


@cache
def call_config(
    *, attempts: int, connect_timeout: float, read_timeout: float, connections: int = 10
) -> Config:
    """How often a call may be made, how many seconds it may take, and how many connections are kept.

    The same wishes are the same object, which is what clients are known by.
    """
    return Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        max_pool_connections=connections,
        tcp_keepalive=True,
    )


STS = call_config(attempts=2, connect_timeout=5, read_timeout=10)


def s3_client(config: Config, *, region: str | None = None, role: Role | None = None) -> "S3Client":
    """The client of S3; the region is by default the environment's, as is its address. Nobody closes it."""
    of = session_for(role, region)
    return _shared(of, lambda: of.client("s3", region_name=region, config=config), "s3", config, region)


def sagemaker_client(
    config: Config, *, region: str | None = None, role: Role | None = None
) -> "SageMakerClient":
    """The client of SageMaker's control plane. Nobody closes it."""
    of = session_for(role, region)
    return _shared(
        of, lambda: of.client("sagemaker", region_name=region, config=config), "sagemaker", config, region
    )


def sagemaker_runtime_client(
    config: Config, *, region: str | None = None, endpoint_url: str | None = None, role: Role | None = None
) -> "SageMakerRuntimeClient":
    """The client of SageMaker's endpoints; ``endpoint_url`` is another address than the environment's.
    Nobody closes it."""
    service: Literal["sagemaker-runtime"] = "sagemaker-runtime"
    of = session_for(role, region)

    def make() -> "SageMakerRuntimeClient":
        client = of.client(service, region_name=region, endpoint_url=endpoint_url, config=config)
        handler = cast("Callable[..., None]", _take)  # the stubs know none that answers
        client.meta.events.register("before-send.sagemaker-runtime.InvokeEndpoint", handler)
        client.meta.events.register("before-send.sagemaker-runtime", _hand_trace_on)
        return client

    return _shared(of, make, service, config, region, endpoint_url)


def signed_invocation(client: "SageMakerRuntimeClient", target: Mapping[str, str]) -> AWSPreparedRequest:
    """The request that ``invoke_endpoint`` with these arguments would send, of a body of one byte.

    Nothing is sent, but credentials may be fetched. Raises what a call raises before it is sent.
    """
    taken: list[AWSPreparedRequest] = []
    token = _taken.set(taken)
    try:
        client.invoke_endpoint(**target, Body=b"-")
    finally:
        _taken.reset(token)
    return taken[0]


def _take(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
    """botocore sends nothing where a handler of this event has an answer."""
    if (taken := _taken.get()) is None:
        return None
    taken.append(request)
    return AWSResponse(request.url, 200, HTTPHeaders(), io.BytesIO())


def _hand_trace_on(request: AWSPreparedRequest, **_: object) -> None:
    """Once it is signed: a mesh on the way may put its own span into these headers."""
    if TRACING.spans is not None:
        for name, value in TRACING.spans.carried().items():
            request.headers[name] = value


def credentials(role: Role | None = None, region: str | None = None) -> Credentials | None:
    """Those of the process's session, which may be fetched for it, None where there are none; or a role's."""
    return session_for(role, region).get_credentials()


def ca_bundle() -> str | None:
    """The path that AWS_CA_BUNDLE or the profile names."""
    path: str | None = botocore.session.get_session().get_config_variable("ca_bundle")
    return path


def _shared(of: AwsSession, make: Callable[[], T], *key: Hashable) -> T:
    """What ``make`` made for this key before, of this session and while the environment had these addresses.

    A client that was made without credentials never looks for them again: it is not kept.
    """
    addresses = tuple(sorted(item for item in os.environ.items() if item[0].startswith(ADDRESSES)))
    with _one_at_a_time:
        kept = _clients.setdefault(of, {})
        if (addresses, key) in kept:
            return cast(T, kept[addresses, key])
        # Asked before it is made: those that come in between it would not have, and is not to be kept.
        has_credentials = of.get_credentials() is not None
        client = make()
        if has_credentials:
            if len(kept) >= MAX_CLIENTS:
                kept.clear()  # who holds one may go on with it
            kept[addresses, key] = client
        return client


def error_code(error: CallError) -> str:
    """The platform's word for why it refused; empty where it did not answer."""
    code: object = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else ""
    return code if isinstance(code, str) else ""  # botocore takes whatever an answer has in its place


def error_status(error: CallError) -> int:
    """The HTTP status of a refusal; 0 where there was no answer."""
    if not isinstance(error, ClientError):
        return 0
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def told(error: ClientError) -> dict[str, object]:
    """What the log says of a refusal; the model's own words may quote a row."""
    about = error.response.get("ResponseMetadata", {})
    return {
        "code": error_code(error),
        "status": error_status(error),
        "model_status": error.response.get("OriginalStatusCode"),
        "request_id": about.get("RequestId"),
        "response": Quoted(error.response),
    }
