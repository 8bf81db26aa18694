"""Who is called, and how."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.credentials import Credentials

from app import aws

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient


@dataclass(frozen=True)
class Asked:
    """The target of a backend's calls. ``what`` names it in errors, ``arguments`` are those of InvokeEndpoint
    beside the body.

    A client that was made without credentials is another one later: it is asked for before it is used.
    """

    what: str
    arguments: Mapping[str, str]
    concurrency: int
    client: "Callable[[], SageMakerRuntimeClient]"
    connect_timeout: float
    """Seconds."""
    read_timeout: float
    """Seconds of silence."""
    credentials: Callable[[], Credentials | None] = aws.credentials
    """Those to sign with, which may be fetched for it; None where there are none."""
