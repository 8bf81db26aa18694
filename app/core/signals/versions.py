"""Which model version an error is of: errors are told far from where that is known."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from app.core.errors import AppError

T = TypeVar("T")
Names: TypeAlias = tuple[str, str]
"""Of a model and its version; empty where none was found."""

_NAMES: Final[WeakKeyDictionary[AppError, Names]] = WeakKeyDictionary()


def version_of(error: AppError) -> Names:
    return _NAMES.get(error, ("", ""))


def concern(error: AppError, model: str, version: str) -> AppError:
    """Note that the error is of a version that there is; the error."""
    _NAMES[error] = model, version
    return error


@contextmanager
def concerned(model: str, version: str) -> Iterator[None]:
    """An error that leaves the block is noted to be the version's."""
    try:
        yield
    except AppError as error:
        concern(error, model, version)
        raise


async def concerning(
    model: str, version: str, answering: Awaitable[dict[str, T | AppError]]
) -> dict[str, T | AppError]:
    """The answers of a version; the errors among them, and one that is raised, are noted to be its own."""
    with concerned(model, version):
        answers = await answering
    for one in answers.values():
        if isinstance(one, AppError):
            concern(one, model, version)
    return answers
