"""Lines that carry the id of their row, so that each answer is known by its row's, not by its place.

SageMaker takes the id off before the model sees the row (InputFilter), puts it beside the answer (JoinSource)
and keeps those two (OutputFilter), as AWS's page "Associate Prediction Results with Input Records" has it. It
joins by the order within one request: what a model itself mixes up there no id tells.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.backends.wire.formats import ContentType
from app.core.errors import BadOutput

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DataProcessingTypeDef


def line_id(record_id: str, content_hash: str) -> str:
    """Of a record with what it holds: text in every format, and nothing that CSV would quote."""
    digest = hashlib.sha256("\0".join((record_id, content_hash)).encode()).hexdigest()
    return f"r{digest[:24]}"


def with_id(line: bytes, one: str, kind: ContentType) -> bytes:
    """The line of an input object."""
    if kind == "text/csv":
        return one.encode() + b"," + line
    return b'{"id":"%b","features":%b}' % (one.encode(), line)


def filters(kind: ContentType, width: int) -> "DataProcessingTypeDef":
    """What CreateTransformJob is told; a row has ``width`` columns beside the id."""
    if kind == "text/csv":
        taken, kept = "$[1:]", f"$[0,{width + 1}:]"
    else:
        taken, kept = "$.features", "$['id','SageMakerOutput']"
    return {"InputFilter": taken, "JoinSource": "Input", "OutputFilter": kept}


def by_id(lines: Sequence[bytes], ids: Sequence[str], kind: ContentType) -> list[bytes]:
    """The answers to the rows with these ids, in their order, as lines without them.

    BadOutput where a row has no answer or several, or an answer is of no row.
    """
    read = _of_csv if kind == "text/csv" else _of_json
    found = [read(line) for line in lines]
    wanted, counts = set(ids), Counter(one for one, _ in found)
    faults = {
        "of rows that were not asked about": len(counts.keys() - wanted),
        "of a row that has another already": sum(counts.values()) - len(counts),
        "missing": len(wanted - counts.keys()),
    }
    if any(faults.values()):
        told = ", ".join(f"{count} {fault}" for fault, count in faults.items() if count)
        raise BadOutput(f"The answers do not fit the {len(ids)} rows by their ids: {told}.")
    answers = dict(found)
    return [answers[one] for one in ids]


def _of_csv(line: bytes) -> tuple[str, bytes]:
    one, _, answer = line.partition(b",")
    return one.strip(b' "').decode(errors="replace"), answer


def _of_json(line: bytes) -> tuple[str, bytes]:
    try:
        joined = json.loads(line)
        return str(joined["id"]), json.dumps(joined["SageMakerOutput"]).encode()
    except (ValueError, RecursionError, LookupError, TypeError) as error:
        raise BadOutput("A line of the output is no JSON object with id and SageMakerOutput.") from error
