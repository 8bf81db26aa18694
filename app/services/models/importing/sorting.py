"""Which objects are versions of models, and which is the newest of each."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from pydantic import JsonValue

from app.backends.registry import parse
from app.core.errors import InvalidInput
from app.schemas.hosting.deployments import Deployment
from app.schemas.hosting.model_imports import SHOWN, ImportFault, LeftOut
from app.schemas.ids import LEGAL_NAME, is_legal_name
from app.services.models.importing.pattern import KeyPattern, Named
from app.services.models.importing.wanted import BACKEND, TARGET
from app.storage import StoredObject


@dataclass(frozen=True)
class Candidate:
    """An object, and the version that it is."""

    stored: StoredObject
    deployment: Deployment

    @property
    def names(self) -> Named:
        return Named(self.deployment.model, self.deployment.version)


@dataclass
class Rejects:
    """What was left out, by the reason."""

    doubtful: dict[str, datetime] = field(default_factory=dict)
    """By model, when the last object was written that names a version which another names, too."""
    _counts: dict[ImportFault, int] = field(default_factory=lambda: defaultdict(int))
    _examples: dict[ImportFault, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, fault: ImportFault, key: str, why: str = "") -> None:
        self._counts[fault] += 1
        if len(self._examples[fault]) < SHOWN:
            self._examples[fault].append(f"{key} ({why})" if why else key)

    def listed(self) -> list[LeftOut]:
        return [
            LeftOut(fault=fault, objects=count, examples=self._examples[fault])
            for fault, count in self._counts.items()
        ]


def candidates(
    objects: Iterable[StoredObject],
    pattern: KeyPattern,
    options: Mapping[str, JsonValue],
    features: Sequence[str],
    key_prefix: str,
    rejects: Rejects,
) -> list[Candidate]:
    """The objects that are versions, by model, the oldest first."""
    found: dict[Named, list[Candidate]] = defaultdict(list)
    for stored in objects:
        names = pattern.read(stored.key)
        if names is None:
            rejects.add("does not fit the pattern", stored.key)
        elif wrong := next((name for name in names if not is_legal_name(name)), None):
            rejects.add("gives no legal name", stored.key, f"{wrong!r} {LEGAL_NAME}")
        else:
            own = {**options, TARGET: key_prefix + stored.key}
            if (fault := _fault(own)) is None:
                deployment = Deployment(0, names.model, names.version, BACKEND, own, tuple(features))
                found[names].append(Candidate(stored, deployment))
            else:
                rejects.add("cannot be a target model", stored.key, fault)
    return sorted(_sole(found.values(), rejects), key=lambda one: (one.names.model, *_age(one)))


def _fault(options: Mapping[str, JsonValue]) -> str | None:
    try:
        parse(BACKEND, options)
    except InvalidInput as error:
        return "; ".join(f"{one.field} {one.message}" for one in error.errors)
    return None


def _sole(found: Iterable[list[Candidate]], rejects: Rejects) -> Iterable[Candidate]:
    """Which of two objects a version is meant to be would be a guess."""
    for same in found:
        if len(same) == 1:
            yield same[0]
        for one in same if len(same) > 1 else ():
            model, written = one.names.model, one.stored.last_modified
            rejects.doubtful[model] = max(written, rejects.doubtful.get(model, written))
            what = f"version {one.names.version} of {model}"
            rejects.add("names a version that another object names too", one.stored.key, what)


def _age(one: Candidate) -> tuple[float, str]:
    return one.stored.last_modified.timestamp(), one.stored.key


def _is_doubtful(one: Candidate, rejects: Rejects) -> bool:
    """Whether a later object is of nobody knows which version."""
    written = one.stored.last_modified
    return rejects.doubtful.get(one.names.model, written) > written


def newest(
    sorted_candidates: Sequence[Candidate], registered: Container[Named], rejects: Rejects
) -> list[Candidate]:
    """Of each model the one that was written last, whatever its name. None where several were written in the
    same second, which is as exact as S3 tells it, nor where that one was left out, or is registered
    otherwise: it may be live, and the one before would take its place."""
    latest: list[Candidate] = []
    for model, group in groupby(sorted_candidates, key=lambda one: one.names.model):
        *_, last = versions = list(group)
        tied = [one for one in versions if one.stored.last_modified == last.stored.last_modified]
        if len(tied) > 1:
            what = f"{len(tied)} versions of {model} were written in the same second: promote one by its name"
            rejects.add("is no newer than another version of its model", last.stored.key, what)
        elif last.names in registered and not _is_doubtful(last, rejects):
            latest.append(last)
    return latest
