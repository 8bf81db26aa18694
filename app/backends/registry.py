"""The backends by name. A module is imported when a model version first needs it."""

import importlib
from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import JsonValue, ValidationError

from app.backends.base import Backend, BackendModule
from app.core.errors import FieldError, InvalidInput, Misconfigured
from app.core.hosts import Hosts
from app.schemas.faults import field_errors

BACKENDS = {
    "azure_ml": "app.backends.azure_ml",
    "coreml": "app.backends.coreml",
    "databricks": "app.backends.databricks",
    "h2o": "app.backends.h2o",
    "kserve": "app.backends.kserve",
    "mlflow": "app.backends.mlflow",
    "sagemaker": "app.backends.sagemaker",
    "vertex": "app.backends.vertex",
    "watsonx": "app.backends.watsonx",
}


def open_backend(
    name: str, options: Mapping[str, JsonValue], features: Sequence[str], *, concurrency: int, hosts: Hosts
) -> Backend:
    """Validate the options and make the backend. InvalidInput names the option that is wrong."""
    module = _module(name)
    try:
        parsed = module.Options.model_validate(options)
    except ValidationError as error:
        errors = field_errors(error.errors(), "options")
        raise InvalidInput(f"The options do not fit the backend {name!r}.", errors=errors) from error
    backend = module.create(parsed, features, concurrency, hosts)
    if backend.limits.bytes <= 0:
        least = f"must be more than {-backend.limits.bytes} higher, for what a body holds beside its rows"
        raise InvalidInput(
            "The options leave no room for rows.", errors=[FieldError("options.max_bytes", least)]
        )
    return backend


def _module(name: str) -> BackendModule:
    if name not in BACKENDS:
        known = ", ".join(sorted(BACKENDS))
        raise InvalidInput(
            f"There is no backend {name!r}.", errors=[FieldError("backend", f"must be one of: {known}")]
        )
    try:
        return cast(BackendModule, importlib.import_module(BACKENDS[name]))
    except ModuleNotFoundError as error:
        raise Misconfigured(f"The backend {name!r} needs the package {error.name!r} installed.") from error
