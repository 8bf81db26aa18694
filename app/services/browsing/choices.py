"""The models and versions that a caller can choose from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.core.errors import FieldError, InvalidInput
from app.db.engine import Sessions
from app.schemas.ids import LEGAL_NAME, is_legal_name
from app.schemas.models import Model
from app.services.models import listing
from app.services.use_case import UseCase

MODELS = 100
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
    """Each model's live version first, and then all of its versions, the newest first."""
    page = await listing.page(sessions, limit=MODELS, cursor=None)
    listed = [option for model in page.items for option in _of(model)]
    names = [model.model for model in page.items]
    default = default_model if default_model in names or page.next_cursor else None
    own_models = use_case.model_for is not None
    return VersionOptions(listed, default, page.next_cursor is not None, own_models)


def parted(value: str) -> tuple[str | None, str | None]:
    """The model and the version that a ``ChoosableVersion.value`` says; empty: the default's live one."""
    model, _, version = value.strip().partition("/")
    for name in (model, version):
        if name and not is_legal_name(name):
            raise InvalidInput("This is no version.", errors=[FieldError("choice", f"a name {LEGAL_NAME}")])
    return model or None, version or None


def _of(model: Model) -> Iterator[ChoosableVersion]:
    if model.live_version is not None:
        yield ChoosableVersion(model.model, model.model, model.live_version, is_live=True)
    for one in reversed(model.versions):
        yield ChoosableVersion(f"{one.model}/{one.version}", one.model, one.version, is_live=False)
