"""boto3 clients from one session: each session keeps its own copy of the service models, 26 MB for these."""

import threading
from functools import cache

import boto3
from botocore.client import BaseClient
from botocore.config import Config

_one_at_a_time = threading.Lock()  # clients may be used by all threads, but a session makes one at a time


@cache
def session() -> boto3.Session:
    """The process's session; its credentials renew themselves."""
    return boto3.Session()


def make_client(
    service: str, config: Config, *, region: str | None, endpoint_url: str | None = None
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
