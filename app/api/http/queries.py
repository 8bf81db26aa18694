"""Query parameters that a route does not have are refused, as fields that a body does not have are."""

from collections import Counter
from collections.abc import Collection

from fastapi.dependencies.models import Dependant
from starlette.datastructures import QueryParams

from app.core.errors import FieldError, InvalidInput


def names(dependant: Dependant) -> tuple[str, ...]:
    """The query parameters of a route and of what it depends on, in order."""
    own = [parameter.alias for parameter in dependant.query_params]
    return (*own, *(name for inner in dependant.dependencies for name in names(inner)))


def require_known(given: QueryParams, known: Collection[str]) -> None:
    """InvalidInput names what the route does not have, and what is given twice: no parameter takes a list."""
    there = f"there is {', '.join(sorted(known))}" if known else "this request takes none"
    faults = [FieldError(name, f"there is no such parameter; {there}") for name in given if name not in known]
    counts = Counter(name for name, _ in given.multi_items() if name in known)
    faults += [FieldError(name, "is given more than once") for name, count in counts.items() if count > 1]
    if faults:
        raise InvalidInput("The request's parameters do not fit.", errors=faults)
