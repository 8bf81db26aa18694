"""What the local endpoint serves, and within which limits."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

# The pattern and length of InvokeEndpoint's EndpointName and TargetVariant (AWS API reference).
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", re.ASCII)

Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class AsyncConfig:
    """An AsyncInferenceConfig: where answers and failures go, as s3://bucket/prefix."""

    output: str
    failure: str = ""
    """Empty: of failures nothing is written."""
    delay_seconds: float = 0
    """That the model takes beyond what it takes."""
    concurrency: int = 4
    """Invocations at once; the others wait."""

    def __post_init__(self) -> None:
        for place in (self.output, self.failure or self.output):
            if not place.startswith("s3://"):
                raise ValueError(f"{place!r} must be s3://bucket/prefix")


@dataclass(frozen=True)
class Endpoint:
    """One endpoint. ``artifacts`` is a folder of model.tar.gz files or ``s3://bucket/prefix`` for a
    multi-model endpoint, and the one model.tar.gz (a path or an s3:// address) for any other."""

    name: str
    artifacts: str
    multi_model: bool = True
    variant: str = "AllTraffic"
    asynchronous: AsyncConfig | None = None
    """What makes it an asynchronous endpoint, which answers no InvokeEndpoint."""

    def __post_init__(self) -> None:
        for name in (self.name, self.variant):
            if len(name) > 63 or not NAME.fullmatch(name):
                raise ValueError(f"{name!r} must be 1 to 63 letters, digits and inner hyphens")


@dataclass(frozen=True)
class EndpointConfig:
    """The whole process. The defaults of the limits are SageMaker's for real-time endpoints."""

    endpoints: tuple[Endpoint, ...]
    cache_dir: Path
    """Artifacts are unpacked into a folder of our own in here, which goes when the process ends well."""
    memory_bytes: int = 2 * 1024**3
    """Budget of the loaded models, measured by their unpacked files: a stand-in for their memory."""
    load_seconds: float = 60
    """How long a request waits for a model that is loading, before ModelNotReadyException."""
    invocation_seconds: float = 60
    """How long a model may take to answer, before ModelError."""
    max_body_bytes: int = 25 * 1024**2
    cold_start_seconds: float = 2
    """How long an environment of a serverless endpoint takes to start, beside the loading of its model."""
    pause: Pause = asyncio.sleep
    """Waits for so many seconds: between the steps of a roll-out, and for a cold start."""

    def __post_init__(self) -> None:
        names = [endpoint.name for endpoint in self.endpoints]
        if len(set(names)) < len(names):
            raise ValueError("two endpoints have the same name")
