"""Input objects that come with the request: stored under an id made from their content."""

from collections.abc import Sequence

from pydantic import JsonValue

from app.core.errors import AppError
from app.db.engine import Sessions
from app.db.records import records as rows
from app.services.records.records import normalise
from app.services.use_case import UseCase

PREFIX = "inline-"


async def store_inputs(
    sessions: Sessions, use_case: UseCase, inputs: Sequence[JsonValue]
) -> list[str | AppError]:
    """The record id of each input, or what is wrong with it. The same content has the same id, and so meets
    the same cache."""
    results: list[str | AppError] = []
    new: dict[str, rows.NewRecord] = {}
    for index, raw in enumerate(inputs):
        try:
            given = normalise(use_case.input_type, raw, path=f"inputs[{index}]")
        except AppError as error:
            results.append(error)
            continue
        record_id = PREFIX + given.content_hash
        new[record_id] = (record_id, given.payload, given.content_hash)
        results.append(record_id)
    if new:
        async with sessions.begin() as session:
            await rows.upsert(session, list(new.values()))
    return results
