"""What goes to a model, grouped by what one call may carry."""

from collections.abc import Sequence
from typing import cast

from app.backends.base import Backend, Reply, TakesPayloads
from app.core.errors import AppError, TooLarge, UserCodeError
from app.schemas.payloads import Payload, Sendable
from app.schemas.rows import Row
from app.services.hosting.outcomes import InferenceOutcome


def chunked(
    backend: Backend, rows: Sequence[Sendable], outcomes: dict[int, InferenceOutcome]
) -> list[list[int]]:
    """The numbers of rows, call by call; a row that no call can carry gets its outcome here.

    A payload is a call of its own.
    """
    chunks: list[list[int]] = []
    room = -1
    for index, row in enumerate(rows):
        try:
            size = _row_bytes(backend, row)
        except AppError as error:
            outcomes[index] = error
            continue
        alone = isinstance(row, Payload)
        if alone or size > room or len(chunks[-1]) == backend.limits.rows:
            chunks.append([])
            room = backend.limits.bytes
        chunks[-1].append(index)
        room = -1 if alone else room - size
    return chunks


async def predict(backend: Backend, rows: Sequence[Sendable], timeout: float) -> Reply:
    """One call with the rows of a chunk, or with the one payload that it is."""
    if isinstance(rows[0], Payload):
        return await _taking(backend).predict_payload(rows[0], timeout)
    return await backend.predict(cast(Sequence[Row], rows), timeout)  # there is no payload beside them


def _row_bytes(backend: Backend, row: Sendable) -> int:
    if isinstance(row, Payload):
        what, size, most = "payload", len(row.content), _taking(backend).longest_payload
    else:
        what, size, most = "row", backend.row_bytes(row), backend.limits.bytes
    if size > most:
        raise TooLarge(f"The {what} takes {size} bytes; one call to the model takes at most {most}.")
    return size


def _taking(backend: Backend) -> TakesPayloads:
    if not isinstance(backend, TakesPayloads):
        raise UserCodeError("preprocess made a payload, and the platform of this version takes only rows.")
    return backend
