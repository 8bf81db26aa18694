"""A model version as inference needs it, and what is noted to be in service for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from pydantic import BaseModel, JsonValue


@dataclass(frozen=True)
class Deployment:
    """One model version and where it is hosted. What an ``id`` stands for never changes.

    ``options`` are those of the backend, without secrets; ``features`` name the columns of a row in order.
    """

    id: int
    model: str
    version: str
    backend: str
    options: Mapping[str, JsonValue]
    features: tuple[str, ...]
    explained: bool = False
    """What it answers comes with an explanation (see ``explained``): by calls of another kind, which have
    connections, limits and failures of their own."""

    @property
    def opened_as(self) -> tuple[int, bool]:
        """What is open for it in a process."""
        return self.id, self.explained


PENDING = "pending:"
"""Begins the label of a prediction of which nobody knows which revision made it; no lookup finds it."""


@dataclass(frozen=True)
class InService:
    """What is noted to be in service for a version, by the newest look that found something else than before.

    The fields are those of backends.base.Deployed; ``epoch`` is that look's number.
    """

    epoch: int = 0
    revisions: frozenset[str] = frozenset({""})
    variants: Mapping[str, str] = field(default_factory=dict)
    pending: bool = False
    unclear: bool = False
    surroundings: str = ""
    changed: str = ""
    unseen: Mapping[str, int] = field(default_factory=dict)
    """Where a look asks one of several servers: by revision, how many looks ago it was seen or told."""

    @property
    def unknown(self) -> str:
        """The label of what was computed while this was noted, and may have been made by another revision."""
        return f"{PENDING}{self.epoch}"

    @property
    def is_unsettled(self) -> bool:
        """Whether nobody knows which of its revisions answers a call."""
        return self.pending or self.unclear

    @property
    def in_words(self) -> str:
        """The revisions as one text; empty where the platform has never said."""
        return " and ".join(sorted(self.revisions))

    def label(self, variant: str | None) -> str:
        """The revision that made an answer whose reply names none, but perhaps a variant."""
        if self.is_unsettled:
            return self.unknown
        if variant is not None and self.variants:
            return self.variants.get(variant, self.unknown)
        return next(iter(self.revisions)) if len(self.revisions) == 1 else self.unknown

    def still(self, later: "InService") -> bool:
        """Whether a later look found the same, and nothing tells that there was anything else in between."""
        same = self.revisions == later.revisions and self.variants == later.variants
        same = same and (self.pending, self.unclear) == (later.pending, later.unclear)
        explained = self.changed == later.changed or self.surroundings != later.surroundings
        return same and explained

    @property
    def rest(self) -> dict[str, JsonValue]:
        """All but the epoch and the revisions, as it is stored."""
        return {
            "variants": dict(self.variants),
            "pending": self.pending,
            "unclear": self.unclear,
            "unseen": dict(self.unseen),
            "surroundings": self.surroundings,
            "changed": self.changed,
        }

    @classmethod
    def of(cls, epoch: int, revisions: Sequence[str], rest: JsonValue) -> Self:
        """As it was stored; a version without a look has one empty revision."""
        return cls._of(epoch, revisions, _Rest.model_validate(rest))

    @classmethod
    def of_json(cls, epoch: int, revisions: Sequence[str], rest: str) -> Self:
        """The same, of JSON. Every miss reads it, and it seldom changes: each text is parsed once."""
        return cls._of(epoch, revisions, _parsed(rest))

    @classmethod
    def _of(cls, epoch: int, revisions: Sequence[str], rest: "_Rest") -> Self:
        return cls(epoch, frozenset(revisions) or frozenset({""}), **dict(rest))


class _Rest(BaseModel):
    variants: dict[str, str] = {}
    pending: bool = False
    unclear: bool = False
    surroundings: str = ""
    changed: str = ""
    unseen: dict[str, int] = {}


@lru_cache(maxsize=256)
def _parsed(rest: str) -> _Rest:
    return _Rest.model_validate_json(rest)
