"""Whether a batch transform job runs what the endpoint has deployed: then their predictions are the same."""

from collections.abc import Callable
from functools import cached_property
from typing import NotRequired, Protocol, TypedDict, TypeVar, cast

from botocore.config import Config
from botocore.exceptions import ClientError

from app.aws import CALL_ERRORS, make_client
from app.backends.sagemaker.errors import in_our_words
from app.backends.sagemaker.options import Options, Transform
from app.backends.sagemaker.revision import CANNOT_SAY, RevisionReader
from app.core.errors import BackendRefused

T = TypeVar("T")

CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=5, read_timeout=10)


class _Container(TypedDict):
    Image: NotRequired[str]
    ModelDataUrl: NotRequired[str]
    Environment: NotRequired[dict[str, str]]


class _Model(TypedDict):
    PrimaryContainer: NotRequired[_Container]


class _Variant(TypedDict):
    VariantName: str
    ModelName: NotRequired[str]


class _EndpointConfig(TypedDict):
    ProductionVariants: list[_Variant]


class _Specification(TypedDict):
    ModelName: NotRequired[str]


class _Component(TypedDict):
    Specification: _Specification


class _ControlPlane(Protocol):
    describe_endpoint_config: Callable[..., _EndpointConfig]
    describe_inference_component: Callable[..., _Component]
    describe_model: Callable[..., _Model]


class TransformRevision:
    """Asks the control plane. Blocking."""

    def __init__(self, options: Options, transform: Transform) -> None:
        self._options, self._transform = options, transform

    def read(self, noted: str) -> str:
        """The revision under which the job's predictions are kept; raises BackendError.

        Where the endpoint runs the same model, it is the endpoint's, so that each finds what the other made.
        Where it does not, or we may not see whether it does, it is the model's own. Where there is no
        endpoint, or nobody may ask, the version's options are all that is known, as for its endpoint.
        """
        own = f"model {self._transform.model_name}"
        try:
            deployed = RevisionReader(self._options).read()
            if deployed is None:
                return noted
            config_name, _, _ = deployed.partition(" ")
            return deployed if self._is_deployed(config_name) else own
        except BackendRefused:  # no such endpoint: what is noted is of one that was there before
            return own if noted else noted
        except CALL_ERRORS as error:
            raise in_our_words(error, self._options.describe()) from error

    def _is_deployed(self, config_name: str) -> bool:
        hosted = self._hosted(config_name)
        return bool(hosted) and all(map(self._is_the_same, hosted))

    def _hosted(self, config_name: str) -> list[str]:
        """The models that may answer a call to the endpoint."""
        if name := self._options.inference_component:
            component = self._ask(self._control.describe_inference_component, InferenceComponentName=name)
            return [component["Specification"].get("ModelName", "")] if component else []
        config = self._ask(self._control.describe_endpoint_config, EndpointConfigName=config_name)
        return [
            variant.get("ModelName", "")
            for variant in (config["ProductionVariants"] if config else [])
            if self._options.target_variant in (None, variant["VariantName"])
        ]

    def _is_the_same(self, model: str) -> bool:
        if not self._options.target_model:
            return model == self._transform.model_name
        ours, theirs = self._container(self._transform.model_name), self._container(model)
        artifact = f"{theirs.get('ModelDataUrl', '').rstrip('/')}/{self._options.target_model}"
        return _parts(ours) == _parts({**theirs, "ModelDataUrl": artifact})

    def _container(self, model: str) -> _Container:
        found = self._ask(self._control.describe_model, ModelName=model)
        return found.get("PrimaryContainer", {}) if found else {}

    def _ask(self, call: Callable[..., T], **arguments: str) -> T | None:
        try:
            return call(**arguments)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in CANNOT_SAY:
                return None
            raise

    @cached_property
    def _control(self) -> _ControlPlane:
        return cast(_ControlPlane, make_client("sagemaker", CONFIG, region=self._options.region))


def _parts(container: _Container) -> tuple[object, ...]:
    """What makes a container's answers."""
    return container.get("Image"), container.get("ModelDataUrl"), container.get("Environment") or {}
