"""Which of its two forms a function of the user's has, with a context or without one, and what it makes."""

import inspect
import re
from collections.abc import Callable, Mapping
from inspect import Parameter

POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
FORMS = (
    "must take one argument, or a second one that is the context, without a default and without *:"
    " preprocess(items, context), postprocess(outputs, context); a decorator keeps them by functools.wraps"
)
SCALARS: Mapping[str, type] = {"bool": bool, "int": int, "float": float}


def takes_context(function: Callable[..., object]) -> bool:
    """Whether it takes a second argument. ValueError where it is neither form."""
    parameters = [*inspect.signature(function).parameters.values()]
    positional = [one for one in parameters if one.kind in POSITIONAL]
    others = [one for one in parameters if one not in positional]
    optional = all(
        one.kind == Parameter.KEYWORD_ONLY and one.default is not Parameter.empty for one in others
    )
    second_has_default = any(one.default is not Parameter.empty for one in positional[1:])
    if len(positional) not in (1, 2) or second_has_default or not optional:
        raise ValueError(FORMS)
    return len(positional) == 2


def of_one_argument(function: Callable[..., object]) -> Callable[..., object]:
    """The function itself. ValueError where it cannot be given one argument alone."""
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        raise ValueError(f"must take one argument, the input object: {error}") from error
    return function


def of_a_form(function: Callable[..., object]) -> Callable[..., object]:
    """The function itself. ValueError where it is neither form."""
    takes_context(function)
    return function


def says_payloads(function: Callable[..., object]) -> bool:
    """Whether its annotation says that it returns payloads, among others perhaps."""
    return re.search(r"\bPayload\b", str(inspect.signature(function).return_annotation)) is not None


def says_scalars(function: Callable[..., object]) -> type | None:
    """Which of SCALARS its annotation says that it returns a list of; None where that may be anything."""
    said = str(inspect.signature(function).return_annotation)
    found = re.search(r"\[(bool|int|float)\]$", said)
    return SCALARS[found[1]] if found else None
