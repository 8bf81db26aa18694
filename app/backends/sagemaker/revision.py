"""What a SageMaker endpoint has deployed now.

It is the name of the endpoint's configuration, which cannot be changed once made. LastModifiedTime is left
out: scaling moves it, and every cached prediction would be paid for again. An inference component adds the
model it runs, a target model the ETag of its artifact on S3.
"""

import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import structlog
from botocore.exceptions import ClientError

from app.aws import CALL_ERRORS, call_config, error_code, s3_client, sagemaker_client
from app.backends.base import missing
from app.backends.sagemaker.errors import in_our_words
from app.backends.sagemaker.options import Options
from app.core.errors import BackendDown

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import (
        ContainerDefinitionOutputTypeDef,
        DescribeEndpointOutputTypeDef,
    )

log = structlog.get_logger(__name__)
T = TypeVar("T")

CONFIG = call_config(attempts=2, connect_timeout=5, read_timeout=10)
CANNOT_SAY = {"AccessDenied", "AccessDeniedException", "403", "404", "UnknownOperationException"}
"""Codes of a missing permission (HEAD has no body, so its code is the status), and of a stand-in without a
control plane or without S3."""


class RevisionReader:
    """Asks the control plane, and remembers the last answer for the time an update takes. Blocking."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._what = options.describe()
        self._one_at_a_time = threading.Lock()
        self._last: str | None = None
        self._denied: set[str] = set()
        self._seen_config: str | None = None

    def read(self) -> str | None:
        """The revision; None where this service may not ask, or nobody could say.

        While the endpoint changes, the last one stays. Raises BackendError where nothing is known yet, what
        the options name does not exist, or the platform cannot be reached.
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
        self._require_variant(endpoint)
        parts = [endpoint["EndpointConfigName"]]
        if self._options.inference_component:
            parts.append(self._component_model(self._options.inference_component))
        if self._options.target_model:
            parts.append(self._artifact_etag(endpoint["EndpointConfigName"], self._options.target_model))
        elif not self._options.inference_component:
            self._require_single_model(endpoint["EndpointConfigName"])
        return " ".join(filter(None, parts))

    def _describe_endpoint(self) -> "DescribeEndpointOutputTypeDef | None":
        endpoint = self._ask(
            lambda: self._control.describe_endpoint(EndpointName=self._options.endpoint_name)
        )
        if endpoint and endpoint["EndpointStatus"] != "InService":
            raise _Changing(endpoint["EndpointStatus"])
        return endpoint

    def _require_variant(self, endpoint: "DescribeEndpointOutputTypeDef") -> None:
        names = [variant["VariantName"] for variant in endpoint.get("ProductionVariants", [])]
        if names and self._options.target_variant not in (None, *names):
            known = f"the endpoint has no such variant; it has {', '.join(names)}"
            raise missing(self._what, "target_variant", known)

    def _require_single_model(self, config_name: str) -> None:
        """A multi-model endpoint answers nobody who names no model. Looked at once for each configuration;
        no revision depends on it, so who may not ask is not told."""
        if config_name == self._seen_config:
            return
        try:
            container = self._container(config_name, quietly=True)
        except CALL_ERRORS:
            container = None
        if container and container.get("Mode") == "MultiModel":
            needed = "a target model is needed: this is a multi-model endpoint"
            raise missing(self._what, "target_model", needed)
        self._seen_config = config_name

    def _component_model(self, name: str) -> str:
        component = self._ask(lambda: self._control.describe_inference_component(InferenceComponentName=name))
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
        path = f"{path}/{key}" if path else key
        found = self._ask(lambda: self._head(place.netloc, path))
        return found["ETag"].strip('"') if found else ""

    def _head(self, bucket: str, key: str) -> "HeadObjectOutputTypeDef":
        try:
            return self._s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) == "404" and self._has_no_key(bucket, key):
                raise missing(
                    self._what, "target_model", "there is no such artifact under its prefix"
                ) from error
            raise

    def _has_no_key(self, bucket: str, key: str) -> bool:
        """Whether S3 says so in words, which an answer to HEAD has not: another server's 404 would look the
        same. A bucket that is not there is no word: the address of S3 may be that of another one."""
        try:
            self._s3.get_object(Bucket=bucket, Key=key, Range="bytes=0-0")["Body"].close()
        except ClientError as error:
            return error_code(error) == "NoSuchKey"
        return False

    def _artifact_prefix(self, config_name: str) -> str:
        """The S3 prefix under which a multi-model endpoint finds its models; empty where we may not ask."""
        container = self._container(config_name)
        return container.get("ModelDataUrl", "") if container else ""

    def _container(
        self, config_name: str, *, quietly: bool = False
    ) -> "ContainerDefinitionOutputTypeDef | None":
        """The first container of the variant's model; None where there is none, or we may not ask."""
        config = self._ask(
            lambda: self._control.describe_endpoint_config(EndpointConfigName=config_name), quietly=quietly
        )
        for variant in config.get("ProductionVariants", []) if config else ():
            name = variant.get("ModelName")
            if name and self._options.target_variant in (None, variant["VariantName"]):
                return self._container_of(name, quietly=quietly)
        return None

    def _container_of(self, name: str, *, quietly: bool) -> "ContainerDefinitionOutputTypeDef | None":
        model = self._ask(lambda: self._control.describe_model(ModelName=name), quietly=quietly)
        if model is None:
            return None
        return model.get("PrimaryContainer") or next(iter(model.get("Containers", [])), None)

    def _ask(self, call: Callable[[], T], *, quietly: bool = False) -> T | None:
        """The answer; None where there can be none, which is logged once."""
        try:
            return call()
        except ClientError as error:
            if error_code(error) not in CANNOT_SAY:
                raise
            if not quietly and error.operation_name not in self._denied:
                self._denied.add(error.operation_name)
                log.warning("revision_not_available", target=self._what, operation=error.operation_name)
            return None

    @cached_property
    def _control(self) -> "SageMakerClient":
        return sagemaker_client(CONFIG, region=self._options.region)

    @cached_property
    def _s3(self) -> "S3Client":
        return s3_client(CONFIG, region=self._options.region)


class _Changing(Exception):
    """The endpoint is not in service; the argument is its status."""
