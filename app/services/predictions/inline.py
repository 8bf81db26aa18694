"""Input objects that come with the request: stored under an id made from their content."""

from collections.abc import Sequence

from pydantic import JsonValue

from app.core.errors import MAX_FAULTS, AppError
from app.db.engine import Sessions
from app.db.records import records as rows
from app.schemas.access.callers import CURRENT
from app.services.failures.user_code import aside
from app.services.records.records import Input, prepare
from app.services.use_case import UseCase

PREFIX = "inline-"
"""After what the ids of all records begin with that the caller may know of."""


async def store_inputs(
    sessions: Sessions, use_case: UseCase, inputs: Sequence[JsonValue]
) -> list[str | AppError]:
    """The record id of each input, or what is wrong with it. The same content has the same id, and so meets
    the same cache."""
    given = await aside(_normalise_all, use_case, inputs)
    prefix = f"{CURRENT.get().record_prefix}{PREFIX}"
    fit = {f"{prefix}{one.content_hash}": one for one in given if isinstance(one, Input)}
    if fit:
        new = [one.stored_as(record_id) for record_id, one in fit.items()]
        async with sessions.begin() as session:
            await rows.upsert(session, new)
    return [f"{prefix}{one.content_hash}" if isinstance(one, Input) else one for one in given]


def _normalise_all(use_case: UseCase, inputs: Sequence[JsonValue]) -> list[Input | AppError]:
    """Each, or what is wrong with it: its faults, or once many were listed only the first of them."""
    found = [_normalised(use_case, raw, f"inputs[{index}]") for index, raw in enumerate(inputs)]
    left = MAX_FAULTS
    for error in found:
        if isinstance(error, AppError):
            error.errors = error.errors[: max(1, left)]
            left -= len(error.errors)
    return found


def _normalised(use_case: UseCase, raw: JsonValue, path: str) -> Input | AppError:
    try:
        return prepare(use_case, raw, path=path)
    except AppError as error:
        return error
