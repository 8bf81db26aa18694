"""Whether a batch transform job runs what the endpoint has deployed: then their predictions are the same."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from app.aws import CALL_ERRORS, error_code, sagemaker_client
from app.backends.sagemaker.errors import in_our_words
from app.backends.sagemaker.options import Options, Transform
from app.backends.sagemaker.revision import CANNOT_SAY, CONFIG, RevisionReader
from app.core.errors import BackendRefused

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import ContainerDefinitionOutputTypeDef

T = TypeVar("T")


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
            component = self._ask(
                lambda: self._control.describe_inference_component(InferenceComponentName=name)
            )
            return [component["Specification"].get("ModelName", "")] if component else []
        config = self._ask(lambda: self._control.describe_endpoint_config(EndpointConfigName=config_name))
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

    def _container(self, model: str) -> "ContainerDefinitionOutputTypeDef":
        found = self._ask(lambda: self._control.describe_model(ModelName=model))
        return found.get("PrimaryContainer", {}) if found else {}

    def _ask(self, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except ClientError as error:
            if error_code(error) in CANNOT_SAY:
                return None
            raise

    @cached_property
    def _control(self) -> "SageMakerClient":
        return sagemaker_client(CONFIG, region=self._options.region)


def _parts(container: "ContainerDefinitionOutputTypeDef") -> tuple[object, ...]:
    """What makes a container's answers."""
    return container.get("Image"), container.get("ModelDataUrl"), container.get("Environment") or {}
