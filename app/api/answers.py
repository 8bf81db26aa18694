"""Predictions as they are sent: the JSON of schemas.predictions, put together from what is JSON already.

Validating and writing a thousand of them through their models takes longer than to look them up.
"""

import math
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Final

from starlette.responses import Response

from app.api.http.problems import item_problem
from app.core.errors import AppError
from app.core.errors.still_computing import StillComputing
from app.core.strict_json import readable
from app.schemas.predictions.predictions import AcceptedItem, FailedItem
from app.services.explanations.explaining import ExplainedAnswer
from app.services.predictions.answer import CACHED
from app.services.predictions.predictor import Answer

JSON: Final = "application/json"


def headers(answer: Answer) -> dict[str, str]:
    """What a single prediction says of itself beside its body."""
    return {"X-Cache": answer.cache, "Age": str(max(0, int(answer.age))), "ETag": f'"{answer.id}"'}


def raw_headers(answer: Answer, body: bytes) -> list[tuple[bytes, bytes]]:
    """All headers of a single prediction, as ASGI has them."""
    return [
        (b"x-cache", answer.cache.encode()),
        (b"age", b"%d" % max(0, answer.age)),
        (b"etag", b'"%d"' % answer.id),
        (b"content-length", b"%d" % len(body)),
        (b"content-type", b"application/json"),
    ]


def accepted(record_id: str, under_way: StillComputing, headers: Mapping[str, str], root: str) -> Response:
    """The 202 in place of a prediction; ``root`` is ROOT_PATH. Raises what it is to who did not want that."""
    if not under_way.accepted:
        raise under_way
    told = _accepted(record_id, under_way, root)
    location = told.location.removeprefix(root)  # which every Location gets
    own = {"Location": location, "Retry-After": str(math.ceil(told.retry_after))}
    return Response(told.model_dump_json(exclude={"status"}), 202, {**own, **headers}, media_type=JSON)


def any_accepted(answers: Mapping[str, Answer | AppError | str]) -> bool:
    return any(isinstance(one, StillComputing) and one.accepted for one in answers.values())


def _accepted(record_id: str, under_way: StillComputing, root: str) -> AcceptedItem:
    return AcceptedItem(
        record_id=record_id,
        operation_id=under_way.operation_id,
        location=f"{root}/operations/{under_way.operation_id}",
        retry_after=under_way.retry_after or 1.0,
    )


def single(answer: Answer) -> bytes:
    """A ``Prediction``."""
    return f"{{{_members(answer)}}}".encode()


def explained(one: ExplainedAnswer) -> bytes:
    """A ``Prediction`` with its explanation."""
    return f"{{{_members(one.answer)},{_explanation(one)}}}".encode()


def explained_items(found: Mapping[str, ExplainedAnswer | AppError]) -> dict[str, str | AppError]:
    """For ``batch``: items with explanations."""
    return {
        name: one if isinstance(one, AppError) else f"{_item(name, one.answer)[:-1]},{_explanation(one)}}}"
        for name, one in found.items()
    }


def unexplained(found: Mapping[str, ExplainedAnswer | AppError]) -> dict[str, Answer | AppError]:
    """The answers alone."""
    return {name: one if isinstance(one, AppError) else one.answer for name, one in found.items()}


def _explanation(one: ExplainedAnswer) -> str:
    return f'"explanation":{one.explanation.model_dump_json(exclude_none=True)}'


HIT: Final = (
    '{"record_id":%s,"content_hash":"%s","prediction":%s,"cached":true,"model":"%s","version":"%s","revision":%s,'
    '"computed_at":"%sZ","status":200,"cache":"HIT"}'
)
"""What Postgres writes an item of a batch by, the same as ``_item`` does."""


def batch(ids: Sequence[str | AppError], answers: Mapping[str, Answer | AppError | str], root: str) -> bytes:
    """A ``BatchAnswer`` in the order of the ids; in place of one is why an input has none. An answer that is
    text is an item already. ``root`` is ROOT_PATH."""
    items = [_item(one, answers[one] if isinstance(one, str) else one, root) for one in ids]
    return f'{{"items":[{",".join(items)}]}}'.encode()


def _item(record_id: str | AppError, answer: Answer | AppError | str, root: str = "") -> str:
    if isinstance(answer, str):
        return answer
    if isinstance(answer, StillComputing) and answer.accepted and isinstance(record_id, str):
        return _accepted(record_id, answer, root).model_dump_json()
    if isinstance(answer, AppError):
        named = readable(record_id) if isinstance(record_id, str) else None
        failed = FailedItem(status=answer.status, record_id=named, problem=item_problem(answer))
        return failed.model_dump_json()
    return f'{{{_members(answer)},"status":200,"cache":"{answer.cache}"}}'


def _members(answer: Answer) -> str:
    # The hash, and the names of the model and the version, have no character that JSON escapes.
    _, record_id, content_hash, output, cache, model, version, revision, computed_at, _ = answer
    return (
        f'"record_id":{encode_basestring(record_id)},"content_hash":"{content_hash}","prediction":{output},'
        f'"cached":{"true" if cache in CACHED else "false"},"model":"{model}","version":"{version}",'
        f'"revision":{encode_basestring(revision)},"computed_at":"{computed_at.isoformat(timespec="microseconds")[:-6]}Z"'
    )
