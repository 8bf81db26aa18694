"""What a hosting platform must offer. A backend is one file with ``Options`` and ``create``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, JsonValue, StringConstraints

from app.core.errors import BackendError, BackendMissing, FieldError, InvalidInput
from app.core.hosts import Hosts
from app.schemas.rows import Row


class BackendOptions(BaseModel):
    """Base of every backend's ``Options``: frozen, and an unknown option is an error.

    Options are stored with the model version and shown to callers, so they hold no secrets.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable")
    return text


GivenName = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]
"""What somebody calls a version, a model or a tensor; it may become part of a revision."""

MAX_REPLY = 64 * 2**20
"""Bytes of an answer: far more than any platform sends, and what a process can bear."""


@dataclass(frozen=True)
class Limits:
    """The most that one call may carry: rows, and bytes of request body."""

    rows: int
    bytes: int


class AtRegistration(str):
    """A revision that is true when a version is registered, and may later name what is not yet running.

    The one that was noted first stays.
    """


@dataclass(frozen=True)
class Reply:
    """One output per row, in the order of the rows, and what the platform says answered (None: it does not).

    A row that has no output (the answer is NaN, its category is unknown) holds the reason as a value: its
    neighbours stand.
    """

    outputs: Sequence[JsonValue | BackendError | InvalidInput]
    revision: str | None = None


def missing(what: str, option: str, message: str) -> BackendMissing:
    """The error of an ``option`` that names what ``what``'s platform does not have."""
    return BackendMissing(f"{what}: {message}.", errors=[FieldError(f"options.{option}", message)])


class Backend(Protocol):
    """One deployed model version, open for calls.

    ``predict`` makes one call and does not retry: it raises the BackendError that says what happened, and
    the caller decides. ``timeout`` is in seconds. The caller counts and checks the outputs too.
    """

    @property
    def limits(self) -> Limits: ...

    def row_bytes(self, row: Row) -> int:
        """How many bytes of request body this row takes."""
        ...

    async def predict(self, rows: Sequence[Row], timeout: float) -> Reply: ...

    async def revision(self) -> str | None:
        """What the platform has deployed now; None where it cannot say or we may not ask.

        BackendMissing names the option where the platform says that it has none of that name: a version with
        it is not registered.
        """
        ...

    async def aclose(self) -> None: ...


class BackendModule(Protocol):
    """The shape of a backend's file."""

    Options: type[BackendOptions]

    def create(
        self, options: BackendOptions, features: Sequence[str], concurrency: int, hosts: Hosts
    ) -> Backend:
        """Open the backend; nothing is called yet. At most ``concurrency`` calls will run at once.

        InvalidInput names an option whose address is not one of ``hosts``.
        """
        ...
