"""Tables of the documentation, made from what they tell of."""

from collections.abc import Iterator, Sequence
from importlib import import_module

from pydantic import BaseModel

from app.backends.registry import BACKENDS
from app.backends.sagemaker.asynchronous_options import Asynchronous
from app.backends.sagemaker.explainers.explainer import Explainer
from app.backends.sagemaker.transform_options import Transform
from app.backends.wire.tensors import TensorForm
from app.core import errors
from app.core.docstrings import field_docstrings
from app.core.errors import AppError
from app.core.settings import Settings

INSIDE: dict[str, type[BaseModel]] = {
    "tensor_form": TensorForm,
    "transform": Transform,
    "explainer": Explainer,
    "asynchronous": Asynchronous,
}
"""Options that hold options."""


def settings_table() -> str:
    meanings = field_docstrings(Settings)
    rows = [
        (
            f"`{name.upper()}`",
            _default(field.get_default()) if not field.is_required() else "required",
            meanings[name],
        )
        for name, field in Settings.model_fields.items()
    ]
    return _table(("setting", "default", "meaning"), rows)


def _default(value: object) -> str:
    return "" if value in (None, "") else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def error_table() -> str:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AppError)]
    rows = [
        (str(kind.status), f"`{kind.slug}`", kind.title)
        for kind in kinds
        if kind is not errors.BackendError and "slug" in vars(kind)
    ]
    return _table(("status", "type ends in", "title"), rows)


def options_table(backend: str) -> str:
    """All options of a backend, those inside others last."""
    options: type[BaseModel] = import_module(BACKENDS[backend]).Options
    rows = [*_options(options)]
    for name, inner in INSIDE.items():
        if name in options.model_fields:
            rows += _options(inner, f"{name}.")
    return _table(("option", "default", "meaning"), rows)


def _options(options: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    meanings = field_docstrings(*_inherited(options))
    for name, field in options.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        meaning = " ".join(meanings[name].split())
        yield f"`{prefix}{name}`", "required" if field.is_required() else default, meaning


def _inherited(options: type[BaseModel]) -> list[type[BaseModel]]:
    """The classes that its fields come from, its own the last."""
    return [one for one in reversed(options.__mro__) if issubclass(one, BaseModel) and one is not BaseModel]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, str, str | None]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
