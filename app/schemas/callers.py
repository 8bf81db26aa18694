"""Who asks, and what they may."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

KeyScope: TypeAlias = Literal["read", "predict", "write", "admin"]
"""``read``: all that is stored. ``predict``: predictions, jobs and evaluations. ``write``: records and
truths. ``admin``: the models, and all of the others."""
SCOPES: tuple[KeyScope, ...] = get_args(KeyScope)


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


ITSELF = Caller("service", frozenset(SCOPES))
"""The process, where nobody asks: workers, and commands of who can reach the database."""
ANYBODY = Caller("anybody", frozenset(SCOPES))
"""Whoever asks, where keys are not demanded."""
CURRENT: ContextVar[Caller] = ContextVar("caller", default=ITSELF)
"""Who what runs now is done for."""
