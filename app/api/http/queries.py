"""Query parameters that a route does not have are refused, as fields that a body does not have are."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import get_origin
from urllib.parse import unquote_plus

from fastapi.dependencies.models import Dependant
from starlette.datastructures import QueryParams

from app.core.errors import FieldError, InvalidInput


def parameters(dependant: Dependant) -> Mapping[str, bool]:
    """The query parameters of a route and of what it depends on, in order, and which may be repeated."""
    return dict(_parameters(dependant))


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    for parameter in dependant.query_params:
        yield parameter.alias, get_origin(parameter.field_info.annotation) in (list, tuple)
    for inner in dependant.dependencies:
        yield from _parameters(inner)


def require_known(given: QueryParams, known: Mapping[str, bool]) -> None:
    """InvalidInput names what the route does not have, and what is given twice without being a list."""
    there = f"there is {', '.join(sorted(known))}" if known else "this request takes none"
    faults = [FieldError(name, f"there is no such parameter; {there}") for name in given if name not in known]
    counts = Counter(name for name, _ in given.multi_items() if not known.get(name, True))
    faults += [FieldError(name, "is given more than once") for name, count in counts.items() if count > 1]
    if faults:
        raise InvalidInput("The request's parameters do not fit.", errors=faults)


def has_plus(query_string: bytes, name: str) -> bool:
    """Whether a parameter's value was sent with a plain +, which stands for a blank."""
    pairs = (pair.partition("=") for pair in query_string.decode("latin-1").split("&"))
    return any("+" in value and unquote_plus(given) == name for given, _, value in pairs)
