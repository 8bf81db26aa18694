"""What a SageMaker endpoint has deployed now.

It is the name of the endpoint's configuration, which cannot be changed once made. LastModifiedTime is left
out: scaling moves it, and every cached prediction would be paid for again. An inference component adds the
model it runs, a target model the ETag of its artifact on S3.
"""

import threading
from collections.abc import Callable
from functools import cached_property
from typing import NotRequired, Protocol, TypedDict, TypeVar, cast
from urllib.parse import urlsplit

import structlog
from botocore.config import Config
from botocore.exceptions import ClientError

from app.aws import CALL_ERRORS, make_client
from app.backends.sagemaker.errors import in_our_words
from app.backends.sagemaker.options import Options
from app.core.errors import BackendDown

log = structlog.get_logger(__name__)
T = TypeVar("T")

CANNOT_SAY = {"AccessDenied", "AccessDeniedException", "403", "404", "UnknownOperationException"}
"""Codes of a missing permission, of a missing artifact (HEAD has no body, so its code is the status), and of
a stand-in without a control plane."""


class _Container(TypedDict, total=False):
    ModelDataUrl: str
    ArtifactUrl: str


class _Specification(TypedDict, total=False):
    ModelName: str
    Container: _Container


class _Endpoint(TypedDict):
    EndpointConfigName: str
    EndpointStatus: str


class _Component(TypedDict):
    InferenceComponentStatus: str
    Specification: _Specification


class _Variant(TypedDict):
    VariantName: str
    ModelName: NotRequired[str]


class _EndpointConfig(TypedDict):
    ProductionVariants: list[_Variant]


class _Model(TypedDict):
    PrimaryContainer: NotRequired[_Container]
    Containers: NotRequired[list[_Container]]


class _Object(TypedDict):
    ETag: str


class _ControlPlane(Protocol):
    describe_endpoint: Callable[..., _Endpoint]
    describe_endpoint_config: Callable[..., _EndpointConfig]
    describe_inference_component: Callable[..., _Component]
    describe_model: Callable[..., _Model]


class _S3(Protocol):
    head_object: Callable[..., _Object]


class RevisionReader:
    """Asks the control plane, and remembers the last answer for the time an update takes. Blocking."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._what = options.describe()
        self._config = Config(
            retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=5, read_timeout=10
        )
        self._one_at_a_time = threading.Lock()
        self._last: str | None = None
        self._denied: set[str] = set()

    def read(self) -> str | None:
        """The revision; None where this service may not ask, or nobody could say.

        While the endpoint changes, the last one stays. Raises BackendError where nothing is known yet, the
        endpoint does not exist, or the platform cannot be reached.
        """
        with self._one_at_a_time:
            try:
                self._last = self._current()
            except _Changing as change:
                if self._last is None:
                    raise BackendDown(f"{self._what} is not in service: {change}.") from change
            except CALL_ERRORS as error:
                raise in_our_words(error, self._what) from error
            return self._last

    def _current(self) -> str | None:
        endpoint = self._describe_endpoint()
        if endpoint is None:
            return None
        parts = [endpoint["EndpointConfigName"]]
        if self._options.inference_component:
            parts.append(self._component_model(self._options.inference_component))
        if self._options.target_model:
            parts.append(self._artifact_etag(endpoint["EndpointConfigName"], self._options.target_model))
        return " ".join(filter(None, parts))

    def _describe_endpoint(self) -> _Endpoint | None:
        endpoint = self._ask(self._control.describe_endpoint, EndpointName=self._options.endpoint_name)
        if endpoint and endpoint["EndpointStatus"] != "InService":
            raise _Changing(endpoint["EndpointStatus"])
        return endpoint

    def _component_model(self, name: str) -> str:
        component = self._ask(self._control.describe_inference_component, InferenceComponentName=name)
        if component is None:
            return ""
        if component["InferenceComponentStatus"] != "InService":
            raise _Changing(component["InferenceComponentStatus"])
        runs = component["Specification"]
        return runs.get("ModelName") or runs.get("Container", {}).get("ArtifactUrl", "")

    def _artifact_etag(self, config_name: str, key: str) -> str:
        prefix = self._artifact_prefix(config_name)
        if not prefix.startswith("s3://"):
            return ""
        place = urlsplit(prefix, allow_fragments=False)
        path = place.path.strip("/")
        found = self._ask(self._s3.head_object, Bucket=place.netloc, Key=f"{path}/{key}" if path else key)
        return found["ETag"].strip('"') if found else ""

    def _artifact_prefix(self, config_name: str) -> str:
        """The S3 prefix under which a multi-model endpoint finds its models; empty where we may not ask."""
        config = self._ask(self._control.describe_endpoint_config, EndpointConfigName=config_name)
        for variant in config["ProductionVariants"] if config else ():
            if self._options.target_variant in (None, variant["VariantName"]) and "ModelName" in variant:
                model = self._ask(self._control.describe_model, ModelName=variant["ModelName"])
                return _model_data_url(model) if model else ""
        return ""

    def _ask(self, call: Callable[..., T], **arguments: str) -> T | None:
        """The answer; None where there can be none, which is logged once."""
        try:
            return call(**arguments)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in CANNOT_SAY:
                raise
            if error.operation_name not in self._denied:
                self._denied.add(error.operation_name)
                log.warning("revision_not_available", target=self._what, operation=error.operation_name)
            return None

    @cached_property
    def _control(self) -> _ControlPlane:
        return cast(_ControlPlane, make_client("sagemaker", self._config, region=self._options.region))

    @cached_property
    def _s3(self) -> _S3:
        return cast(_S3, make_client("s3", self._config, region=self._options.region))


class _Changing(Exception):
    """The endpoint is not in service; the argument is its status."""


def _model_data_url(model: _Model) -> str:
    container = model.get("PrimaryContainer") or next(iter(model.get("Containers", [])), None)
    return container.get("ModelDataUrl", "") if container else ""
