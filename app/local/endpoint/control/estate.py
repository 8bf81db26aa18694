"""The resources that there are, and how SageMaker speaks of them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.local.endpoint.artifacts.sources import LOCAL_BUCKET, FolderSource, S3Source, ServedEndpoint, Source
from app.local.endpoint.config import AsyncConfig
from app.local.endpoint.control.asked import Shape, refused
from app.local.endpoint.errors import ACCOUNT, REGION, validation_error
from app.local.endpoint.fleets.live import LiveEndpoint

ARN_PARTS = {
    "Endpoint": "endpoint",
    "EndpointConfig": "endpoint-config",
    "Model": "model",
    "InferenceComponent": "inference-component",
    "TransformJob": "transform-job",
}
_WORDS = {"endpoint-config": "endpoint configuration", "inference-component": "inference component"}
UNSEEN = {"Creating", "Failed"}
"""Statuses of an endpoint that nobody can call yet, or ever."""


@dataclass
class Estate:
    """All resources of this process. Those but endpoints are as they were created; nothing changes them."""

    served: Mapping[str, ServedEndpoint]
    """What this process was started with; their artifacts are in the bucket "local"."""
    resources: dict[tuple[str, str], Shape] = field(default_factory=dict)
    """By kind and name, as they are described."""
    endpoints: dict[str, LiveEndpoint] = field(default_factory=dict)

    def serving(self, name: str) -> LiveEndpoint:
        """An endpoint that can be called. ValidationError where there is none."""
        live = self.endpoints.get(name)
        if live is None or live.status in UNSEEN:
            raise validation_error(f"Endpoint {name} of account {ACCOUNT} not found.")
        return live

    def asynchronous(self, name: str) -> AsyncConfig | None:
        """What makes an endpoint asynchronous that this process was started with; None for any other."""
        served = self.served.get(name)
        return None if served is None else served.endpoint.asynchronous

    def live(self, name: str) -> LiveEndpoint:
        """An endpoint, whatever its status. ValidationException where there is none."""
        if name not in self.endpoints:
            raise _not_found("Endpoint", name)
        return self.endpoints[name]

    def find(self, kind: str, name: str) -> Shape:
        """ValidationException where there is none."""
        if (kind, name) not in self.resources:
            raise _not_found(kind, name)
        return self.resources[kind, name]

    def add(self, kind: str, name: str, said: Shape, created: float | None = None) -> Shape:
        """Keep a resource as it was said; gives its ARN. ValidationException where the name is taken."""
        if (kind, name) in self.resources:
            raise already_there(kind, name)
        own: Shape = {f"{kind}Arn": arn(kind, name), "CreationTime": created or time.time()}
        self.resources[kind, name] = {**said, **own}
        return {f"{kind}Arn": arn(kind, name)}

    def remove(self, kind: str, name: str) -> Shape:
        """ValidationException where there is none. What runs of it goes on, as on SageMaker."""
        self.find(kind, name)
        del self.resources[kind, name]
        return {}

    def source(self, url: str) -> tuple[Source, str]:
        """Where the object or prefix at this address is, and its name there; empty for a prefix."""
        bucket, _, key = url.removeprefix("s3://").partition("/")
        folder, _, name = key.rpartition("/")
        if bucket == LOCAL_BUCKET:
            endpoint, _, below = key.partition("/")
            served = self.served.get(endpoint)
            if served is not None and isinstance(served.source, FolderSource):
                return served.source, below
        return S3Source(bucket, f"{folder}/" if folder else ""), name


def arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{ARN_PARTS[kind]}/{name.lower()}"


def already_there(kind: str, name: str) -> Exception:
    """The refusal to create what exists."""
    return refused(f'Cannot create already existing {_words(kind)} "{arn(kind, name)}".')


def _not_found(kind: str, name: str) -> Exception:
    return refused(f'Could not find {_words(kind)} "{arn(kind, name)}".')


def _words(kind: str) -> str:
    return _WORDS.get(ARN_PARTS[kind], ARN_PARTS[kind])
