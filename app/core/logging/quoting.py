"""What a log may not hold unless LOG_VALUES says so: what customers sent, and whatever may quote it.

Messages of exceptions do (``could not convert string to float: 'Miller'``), those of Postgres, of platforms,
and of records' own code; so do ids in paths, which may be addresses of people.
"""

import traceback
from collections.abc import Iterator, MutableMapping
from types import TracebackType
from typing import TextIO, TypeAlias

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]

NAMED = frozenset(
    (
        *("", "health", "models", "predictions", "prediction-jobs", "evaluations", "reports"),
        *("overview", "v2"),
        *("audit", "metrics", "docs", "redoc", "openapi.json", "static"),
    )
)
"""How paths begin in which there are numbers and the names of models and versions, and nothing else."""
OF_RECORDS = ("records", "predict")
DASHBOARD = "dashboard"
OF_DASHBOARD = frozenset(("models", "evaluations", "jobs", "audit", "overview", "sign-in", "sign-out"))
"""The same of the pages; behind their first part those of records are like the API's."""
FACTS = ("sqlstate", "table_name", "column_name", "constraint_name", "strerror", "slug")
"""Attributes of exceptions that name something of ours, or of the system."""


class Quoted(str):
    """Text that may quote what customers sent."""

    __slots__ = ()


def without_quotes(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """For structlog: what is Quoted by its length alone."""
    for key, value in event.items():
        if isinstance(value, Quoted):
            event[key] = f"<{len(value)} characters; LOG_VALUES=true shows them>"
    if event.get("logger") == "asyncio":  # it writes out futures, with their exceptions and arguments
        event["event"] = str(event.get("event", "")).partition("\n")[0].partition(" <")[0].partition("(")[0]
    return event


def without_messages(exc_info: ExcInfo) -> str:
    """A traceback whose exceptions say their type, and what is named in FACTS."""
    return "\n".join(_chain(exc_info[1], set())).rstrip()


def write_without_messages(out: TextIO, exc_info: ExcInfo) -> None:
    """The same for the console."""
    out.write(without_messages(exc_info))


def shown_path(path: str, root_path: str) -> str:
    """A request's path as it may be logged: of what callers choose, names of models and versions."""
    root = root_path if path.startswith(root_path) else ""
    named = NAMED
    if path.startswith(f"{root}/{DASHBOARD}/"):
        root, named = f"{root}/{DASHBOARD}", OF_DASHBOARD
    _, first, *rest = path[len(root) :].split("/", 2) if path[len(root) :] else ("", "")
    if first in named:
        return path
    if first not in OF_RECORDS:
        return f"{root}/..."
    if not rest or rest[0] in ("", "import"):
        return path
    return f"{root}/{first}/{{record_id}}{'/label' if rest[0].endswith('/label') else ''}"


def _chain(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None and id(earlier) not in seen:
        yield from _chain(earlier, seen)
        yield "which led to:"
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):"
        yield "".join(traceback.format_tb(error.__traceback__)).rstrip()
    yield f"{type(error).__module__}.{type(error).__qualname__}{_facts(error)}"
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield "of it:"
            yield from _chain(one, seen)


def _facts(error: BaseException) -> str:
    found = [(name, getattr(error, name, None)) for name in FACTS]
    return "".join(f", {name} {value}" for name, value in found if isinstance(value, str) and value)
