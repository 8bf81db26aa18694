"""Transit orders, and a model of them whose answer the tests can foretell: ten times the ratio."""

from collections.abc import Sequence

import httpx
from pydantic import JsonValue

from app.schemas.models import NewVersion
from app.services.inference import Inference
from app.services.models import versions
from app.services.predictions.predictor import Predictor
from app.services.records import records
from tests.support.aws_stub import Answer, AwsStub, Request, csv
from tests.support.use_case import TRANSIT

FEATURES = ["recent_transit_ratio"]


def order(ratio: float | None = 1.5, **changes: JsonValue) -> dict[str, JsonValue]:
    """An input object; the ratio decides what the stub's model answers."""
    fields: dict[str, JsonValue] = {
        "carrier": "UA",
        "origin": "EWR",
        "destination": "MIA",
        "origin_lat": 40.6925,
        "origin_lon": -74.1687,
        "destination_lat": 25.7932,
        "destination_lon": -80.2906,
        "scheduled_at": "2013-01-01T11:07:00Z",
        "recent_transit_ratio": ratio,
    }
    return fields | changes


def answer_ten_times(request: Request) -> Answer:
    """Also plays the control plane: a call that is none of the runtime's is refused."""
    if "invocations" not in request.path:
        return Answer(
            403, b'{"__type":"AccessDeniedException"}', {"x-amzn-ErrorType": "AccessDeniedException"}
        )
    rows = request.body.decode().splitlines()
    return csv("\n".join(str(10 * float(row)) for row in rows))


def invocations(aws: AwsStub) -> list[Request]:
    """The inferences among the requests."""
    return [request for request in aws.requests if "invocations" in request.path]


async def register(client: httpx.AsyncClient, version: str = "1", **changes: JsonValue) -> None:
    """A version of the model `transit` on the stub, live."""
    body: dict[str, JsonValue] = {
        "version": version,
        "backend": "sagemaker",
        "options": {"endpoint_name": "transit"},
        "features": list[JsonValue](FEATURES),
        "promote": True,
    }
    response = await client.post("/models/transit/versions", json=body | changes)
    assert response.status_code in (200, 201), response.text


async def store(client: httpx.AsyncClient, ratios: dict[str, float | None]) -> None:
    """Records by id, each with its ratio."""
    items = [{"id": record_id, "input": order(ratio)} for record_id, ratio in ratios.items()]
    response = await client.post("/records", json=items)
    assert response.status_code == 200, response.text


def statuses(items: Sequence[dict[str, JsonValue]]) -> list[JsonValue]:
    return [item["status"] for item in items]


async def prepare(predictor: Predictor) -> None:
    """A live version of the model `transit`, and the record `a`, without HTTP."""
    sessions = predictor.database.transactions
    new = NewVersion(
        version="1",
        backend="sagemaker",
        options={"endpoint_name": "transit"},
        features=list(FEATURES),
        promote=True,
    )
    await versions.register(sessions, TRANSIT, Inference(predictor.settings), "transit", new)
    await records.put(sessions, TRANSIT, "a", order(1.5))
