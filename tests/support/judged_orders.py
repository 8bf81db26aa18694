"""Orders with truths, and evaluation runs of them in this process."""

from dataclasses import replace

from pydantic import JsonValue

from app.db.engine import Sessions
from app.schemas.evaluations.runs import Evaluation, EvaluationRequest, MetricValue
from app.schemas.records.records import RecordWrite
from app.services.evaluations import runs
from app.services.evaluations.evaluator import Evaluator
from app.services.records import labels, records
from app.services.runtime import Runtime
from app.storage import Storage
from tests.support.orders import order
from tests.support.use_case import TRANSIT

WHOLE = ("", "")


async def store_judged_orders(sessions: Sessions) -> None:
    """40 orders of January and February, by turns; every fourth has no truth, the last five are of AA.

    A model that answers ten times the ratio is one minute too high in January, and two in February.
    """
    items = []
    for index in range(40):
        month, carrier = 1 + index % 2, "UA" if index < 35 else "AA"
        fields: dict[str, JsonValue] = {"scheduled_at": f"2013-0{month}-10T11:00:00Z", "carrier": carrier}
        items.append(RecordWrite(id=f"r{index:02}", input=order(float(index), **fields)))
    await records.put_many(sessions, TRANSIT, items)
    for index in range(40):
        if index % 4:
            await labels.put_label(sessions, TRANSIT, f"r{index:02}", 10.0 * index - (1 + index % 2))


async def evaluate(runtime: Runtime, storage: Storage | None = None, **asked: JsonValue) -> Evaluation:
    """A finished run of version 1."""
    sessions = runtime.database.transactions
    request = EvaluationRequest.model_validate(asked)
    run = await runs.ask(sessions, runtime.use_case, request, default_model="transit")
    await Evaluator(replace(runtime, storage=storage)).run(run.id)
    return await runs.get(sessions, run.id)


def metric(run: Evaluation, name: str, group: tuple[str, str] = WHOLE) -> MetricValue:
    """One metric of a group, by (slice, bucket)."""
    (found,) = [one for one in run.metrics if one.metric == name and (one.slice, one.bucket) == group]
    return found
