"""Who asks, and what they may."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias, get_args

KeyScope: TypeAlias = Literal["read", "predict", "write", "admin"]
"""``read``: all that is stored. ``predict``: predictions, jobs and evaluations. ``write``: records and
truths. ``admin``: the models, and all of the others."""
SCOPES: tuple[KeyScope, ...] = get_args(KeyScope)


class Binding(NamedTuple):
    """What Postgres is told of a caller, for its policies; see the migration ``wall_tenants``.

    ``models`` are names with commas between them; what is empty bounds nothing.
    """

    record_prefix: str = ""
    models: str = ""


UNBOUND = Binding()


@dataclass(frozen=True)
class Caller:
    """Who a request, or a job, is done for.

    ``models`` are those that the caller may know of, None for any; ``record_prefix`` is what the ids of all
    records begin with that it may know of. ``key_id`` is None where no key was asked for.
    """

    name: str
    scopes: frozenset[KeyScope]
    key_id: int | None = None
    models: frozenset[str] | None = None
    record_prefix: str = ""
    requests_per_second: float | None = None
    inferences_per_day: int | None = None

    def may(self, scope: KeyScope) -> bool:
        return scope in self.scopes or "admin" in self.scopes

    @property
    def is_bound(self) -> bool:
        """Whether there is something that is not to be seen."""
        return self.models is not None or bool(self.record_prefix)

    @cached_property
    def binding(self) -> Binding:
        return Binding(self.record_prefix, ",".join(sorted(self.models or ()))) if self.is_bound else UNBOUND

    def knows_record(self, record_id: str) -> bool:
        """Whether there is such a record, if there is one, as far as this caller is told."""
        return record_id.startswith(self.record_prefix)

    def knows_model(self, name: str) -> bool:
        """Whether there is such a model, if there is one, as far as this caller is told."""
        return self.models is None or name in self.models


ITSELF = Caller("service", frozenset(SCOPES))
"""The process, where nobody asks: workers, and commands of who can reach the database."""
ANYBODY = Caller("anybody", frozenset(SCOPES))
"""Whoever asks, where keys are not demanded."""
STRANGER = Caller("stranger", frozenset(), models=frozenset())
"""Who is told no more than what concerns everybody."""
CURRENT: ContextVar[Caller] = ContextVar("caller", default=ITSELF)
"""Who what runs now is done for."""


@contextmanager
def acting_within(record_prefix: str, model: str) -> Iterator[None]:
    """Do a task of a worker within what its asker may know of: the prefix, and the model that it is about.

    Without a prefix there is nothing else that the task could come upon.
    """
    asker = replace(CURRENT.get(), record_prefix=record_prefix, models=frozenset((model,)))
    before = CURRENT.set(asker if record_prefix else CURRENT.get())
    try:
        yield
    finally:
        CURRENT.reset(before)


def current_binding() -> Binding:
    """What is told to Postgres, for its own wall."""
    return CURRENT.get().binding
