"""Rows grouped by what one call may carry."""

from collections.abc import Sequence

from app.backends.base import Backend
from app.core.errors import AppError, TooLarge
from app.schemas.rows import Row
from app.services.hosting.outcomes import InferenceOutcome


def chunked(backend: Backend, rows: Sequence[Row], outcomes: dict[int, InferenceOutcome]) -> list[list[int]]:
    """The numbers of rows, call by call; a row that no call can carry gets its outcome here."""
    chunks: list[list[int]] = []
    room = 0
    for index, row in enumerate(rows):
        try:
            size = _row_bytes(backend, row)
        except AppError as error:
            outcomes[index] = error
            continue
        if not chunks or len(chunks[-1]) == backend.limits.rows or size > room:
            chunks.append([])
            room = backend.limits.bytes
        chunks[-1].append(index)
        room -= size
    return chunks


def _row_bytes(backend: Backend, row: Row) -> int:
    size, most = backend.row_bytes(row), backend.limits.bytes
    if size > most:
        raise TooLarge(f"The row takes {size} bytes; one call to the model takes at most {most}.")
    return size
