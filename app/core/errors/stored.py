"""Errors as rows keep them, and as another process raises them again."""

from collections.abc import Mapping

from pydantic import BaseModel, JsonValue

from app.core.errors import AppError, FieldError


def _tree(root: type[AppError]) -> dict[str, type[AppError]]:
    below = [_tree(child) for child in root.__subclasses__()]
    return {slug: kind for found in (*below, {root.slug: root}) for slug, kind in found.items()}


def title_of(slug: str) -> str:
    """The title of the errors with this slug."""
    return _tree(AppError).get(slug, AppError).title


def as_stored(error: AppError) -> dict[str, JsonValue]:
    """What another process needs to raise the same."""
    return {
        "slug": error.slug,
        "detail": error.detail,
        "errors": [[fault.field, fault.message] for fault in error.errors],
        "retry_after": error.retry_after,
    }


class _Stored(BaseModel):
    slug: str
    detail: str
    errors: list[tuple[str, str]] = []
    retry_after: float | None = None


def revive(stored: Mapping[str, JsonValue]) -> AppError:
    """The error that another process stored."""
    found = _Stored.model_validate(stored)
    faults = [FieldError(field, message) for field, message in found.errors]
    made = _tree(AppError).get(found.slug, AppError)
    return made(found.detail, errors=faults, retry_after=found.retry_after)
