"""boto3 clients from one session: each session keeps its own copy of the service models, tens of MB."""

import threading
from functools import cache

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

CallError = ClientError | BotoCoreError | ResponseParserError | HTTPError
CALL_ERRORS = (ClientError, BotoCoreError, ResponseParserError, HTTPError)
"""Everything a boto3 call may raise for a reason outside this program."""

_one_at_a_time = threading.Lock()  # clients may be used by all threads, but a session makes one at a time


@cache
def session() -> boto3.Session:
    """The process's session; its credentials renew themselves."""
    return boto3.Session()


def make_client(
    service: str, config: Config, *, region: str | None = None, endpoint_url: str | None = None
) -> BaseClient:
    """A client of ``service``; ``region`` and ``endpoint_url`` default to the environment's."""
    with _one_at_a_time:
        client: BaseClient = session().client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=endpoint_url,
            config=config,
        )
        return client
