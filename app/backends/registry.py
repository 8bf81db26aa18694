"""The backends by name. A module is imported when a model version first needs it."""

import importlib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import cast, get_args

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from app.backends.base import Backend, BackendModule, BackendOptions, Explains, LooksTogether
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
    module, parsed = _module(name), parse(name, options)
    backend = module.create(parsed, features, concurrency, hosts)
    if backend.limits.bytes <= 0:
        least = f"must be more than {-backend.limits.bytes} higher, for what a body holds beside its rows"
        raise InvalidInput(
            "The options leave no room for rows.", errors=[FieldError("options.max_bytes", least)]
        )
    return backend


def open_explaining(
    name: str, options: Mapping[str, JsonValue], features: Sequence[str], *, concurrency: int, hosts: Hosts
) -> Backend:
    """The same for what a version's explainer is asked; Misconfigured where it has none."""
    backend = open_backend(name, options, features, concurrency=concurrency, hosts=hosts)
    if not isinstance(backend, Explains):
        raise Misconfigured(f"The backend {name!r} explains nothing.")
    return backend.explaining()


def parse(name: str, options: Mapping[str, JsonValue]) -> BackendOptions:
    """The options as the backend's own. InvalidInput names the one that is wrong."""
    module = _module(name)
    try:
        return module.Options.model_validate(options)
    except ValidationError as error:
        faults = [_fault(module.Options, found) for found in error.errors()]
        raise InvalidInput(f"The options do not fit the backend {name!r}.", errors=faults) from error


def options_of(name: str) -> type[BackendOptions]:
    """The class of its options. InvalidInput where there is no such backend, Misconfigured where a package is
    missing that it needs."""
    return _module(name).Options


def module_help(name: str) -> str:
    """What the platform is, in a line."""
    return (_module(name).__doc__ or "").strip().splitlines()[0].replace("``", "`")


def looks_together(name: str) -> LooksTogether | None:
    """The backend's function that looks at many versions at once, if it has one."""
    return cast(LooksTogether | None, getattr(_module(name), "look_together", None))


def _fault(options: type[BaseModel], found: ErrorDetails) -> FieldError:
    """What pydantic found; of an unknown option which ones there are."""
    [fault] = field_errors([found], "options")
    if found["type"] != "extra_forbidden":
        return fault
    for part in found["loc"][:-1]:
        options = _nested(options, str(part))
    near = get_close_matches(str(found["loc"][-1]), options.model_fields, n=1)
    meant = f" {near[0]} may be meant;" if near else ""
    known = ", ".join(sorted(options.model_fields))
    return FieldError(fault.field, f"there is no such option;{meant} there is {known}")


def _nested(options: type[BaseModel], name: str) -> type[BaseModel]:
    annotation = options.model_fields[name].annotation
    kinds = [one for one in (annotation, *get_args(annotation)) if isinstance(one, type)]
    return next(one for one in kinds if issubclass(one, BaseModel))


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
