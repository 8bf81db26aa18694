"""Labels as the ground truth that SageMaker's Model Monitor merges with captured calls, by their ids.

The form is that of AWS's page on ingesting ground truth labels.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

from app.db.engine import Sessions
from app.db.predictions import ground_truth as db
from app.db.predictions.ground_truth import CallTruths
from app.schemas.records.ground_truth import TruthFilter
from app.services.models import versions


@dataclass(frozen=True)
class TruthLines:
    """A JSON line for each call whose rows all have a label, and how many calls have not."""

    lines: Sequence[str]
    left_out: int


async def truth_lines(sessions: Sessions, wanted: TruthFilter) -> TruthLines:
    """NotFound where there is no such model."""
    await versions.get(sessions, wanted.model)
    async with sessions() as session:
        calls = await db.truths(session, model=wanted.model, since=wanted.since, until=wanted.until)
    lines = [_line(call.inference_id, known) for call in calls if (known := _all_known(call)) is not None]
    return TruthLines(lines, len(calls) - len(lines))


def _all_known(call: CallTruths) -> list[str] | None:
    """The labels of a call's rows; None where one is missing, as is a row before the last that is kept."""
    known = [truth for truth in call.truths if truth is not None]
    return known if [*call.positions] == [*range(len(known))] else None


def _line(inference_id: str, truths: Sequence[str]) -> str:
    data = "\n".join(map(_cell, truths))
    line = {
        "groundTruthData": {"data": data, "encoding": "CSV"},
        "eventMetadata": {"eventId": inference_id},
        "eventVersion": "0",
    }
    return json.dumps(line)


def _cell(truth: str) -> str:
    """A label, given as JSON, as the one cell of a row: text as it is, anything else as JSON."""
    value = json.loads(truth)
    cell = io.StringIO()
    csv.writer(cell, lineterminator="").writerow([value if isinstance(value, str) else truth])
    return cell.getvalue()
