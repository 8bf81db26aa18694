"""The models and versions that a caller can choose from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.core.errors import FieldError, InvalidInput
from app.db import models
from app.db.engine import Sessions
from app.db.live import choosable
from app.schemas.ids import LEGAL_NAME, is_legal_name
from app.services.use_case import UseCase

VERSIONS = 500
"""The most that are listed; of more a name has to be typed."""


@dataclass(frozen=True)
class ChoosableVersion:
    """``value`` is the model's name, which means its live version, or that, a slash and the version's."""

    value: str
    model: str
    version: str | None
    is_live: bool


@dataclass(frozen=True)
class VersionOptions:
    """``default`` is DEFAULT_MODEL, where the caller may know of it; ``has_more`` than are listed;
    ``own_models``: where none is chosen a record is predicted with its own, if it has one."""

    listed: Sequence[ChoosableVersion]
    default: str | None
    has_more: bool
    own_models: bool


async def options(sessions: Sessions, use_case: UseCase, default_model: str | None) -> VersionOptions:
    """Models by their names: of each its live version first, which is listed by itself as well, and then the
    newest first."""
    async with sessions() as session:
        found = await choosable.first(session, limit=VERSIONS + 1)
        is_known = default_model is not None and await models.find_model(session, default_model) is not None
    listed = [option for row in found[:VERSIONS] for option in _of(*row)]
    default = default_model if is_known else None
    return VersionOptions(listed, default, len(found) > VERSIONS, use_case.model_for is not None)


def parted(value: str) -> tuple[str | None, str | None]:
    """The model and the version that a ``ChoosableVersion.value`` says; empty: the default's live one."""
    model, _, version = value.strip().partition("/")
    for name in (model, version):
        if name and not is_legal_name(name):
            raise InvalidInput("This is no version.", errors=[FieldError("choice", f"a name {LEGAL_NAME}")])
    return model or None, version or None


def _of(model: str, version: str, is_live: bool) -> Iterator[ChoosableVersion]:
    if is_live:
        yield ChoosableVersion(model, model, version, is_live=True)
    yield ChoosableVersion(f"{model}/{version}", model, version, is_live=False)
