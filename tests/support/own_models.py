"""A use case whose records have models of their own, and two models of the stub that answer apart."""

import httpx
from pydantic import JsonValue

from examples.transit.input_object import InputObject
from tests.support.aws_stub import Answer, Request, csv
from tests.support.orders import FEATURES, answer_ten_times, order
from tests.support.use_case import changed

OF_AA = "of-AA"


def model_for(item: InputObject) -> str | None:
    """UA's is the default one; of all others each carrier has its own."""
    if item.carrier == "crash":
        raise RuntimeError("secret")
    return None if item.carrier == "UA" else f"of-{item.carrier}"


OWN = changed(model_for=model_for)


def answer_apart(request: Request) -> Answer:
    """The endpoint `transit` answers ten times the ratio, any other a hundred times."""
    if "invocations" not in request.path or "/transit/" in request.path:
        return answer_ten_times(request)
    return csv("\n".join(str(100 * float(row)) for row in request.body.decode().splitlines()))


async def register_one(
    client: httpx.AsyncClient, model: str, version: str = "1", **changes: JsonValue
) -> None:
    body: dict[str, JsonValue] = {
        "version": version,
        "backend": "sagemaker",
        "options": {"endpoint_name": model},
        "features": list[JsonValue](FEATURES),
        "promote": True,
        "probe": False,
    }
    response = await client.post(f"/models/{model}/versions", json=body | changes)
    assert response.status_code == 201, response.text


async def store_of(client: httpx.AsyncClient, carriers: dict[str, str], ratio: float = 1.5) -> None:
    """Records by id, each with its carrier."""
    items = [{"id": name, "input": order(ratio, carrier=carrier)} for name, carrier in carriers.items()]
    response = await client.post("/records", json=items)
    assert response.status_code == 200, response.text
