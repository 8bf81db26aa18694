"""Where the backend calls: over TLS, and by IBM's own names. IBM's own client gets the same from there."""

import asyncio
from urllib.parse import urlsplit

import pytest
from pydantic import JsonValue

from app.core.errors import BackendRefused
from app.schemas.rows import Row
from tests.platforms.sample import SampleModel
from tests.platforms.watsonx import programs
from tests.platforms.watsonx.certificates import Certificates
from tests.platforms.watsonx.conftest import TOLERANCE, on_premises
from tests.platforms.watsonx.identity import API_KEY, USERNAME
from tests.platforms.watsonx.server import DEPLOYMENT, SPACE, UNSUPPORTED, Watsonx

pytestmark = pytest.mark.platform


def asked(
    options: dict[str, JsonValue], sample: SampleModel, rows: list[Row], address: str
) -> dict[str, JsonValue]:
    port = urlsplit(address).port
    return {"options": options, "features": list(sample.features), "rows": _json(rows), "port": port}


def _json(rows: list[Row]) -> list[JsonValue]:
    return [list(row) for row in rows]


async def test_a_private_authority_has_to_be_named(
    watsonx: Watsonx, over_tls: str, certificates: Certificates, sample: SampleModel
) -> None:
    question = asked(on_premises(over_tls), sample, sample.rows[:3], over_tls)
    unknown = await asyncio.to_thread(programs.call, question, None)
    assert unknown["error"] == BackendRefused.slug
    assert "TLS" in str(unknown["detail"])
    assert not watsonx.identity.issued
    known = await asyncio.to_thread(programs.call, question, certificates.authority)
    assert known["outputs"] == pytest.approx(sample.expected[:3], abs=TOLERANCE)


async def test_a_region_is_called_by_ibms_own_names(
    watsonx: Watsonx, over_tls: str, certificates: Certificates, sample: SampleModel
) -> None:
    options: dict[str, JsonValue] = {"region": "us-south", "deployment": DEPLOYMENT, "space_id": SPACE}
    question = asked(options, sample, sample.rows[:3], over_tls)
    answer = await asyncio.to_thread(programs.call, question, certificates.authority)
    assert answer["outputs"] == pytest.approx(sample.expected[:3], abs=TOLERANCE)
    assert answer["revision"] == f"{watsonx.asset['id']} 1"
    elsewhere = asked(options | {"region": "eu-de"}, sample, sample.rows[:3], over_tls)
    unknown = await asyncio.to_thread(programs.call, elsewhere, certificates.authority)
    assert unknown["error"] == BackendRefused.slug  # the certificate is not one of eu-de.ml.cloud.ibm.com


CLIENT = {
    "Cloud Pak for Data": (DEPLOYMENT, API_KEY, None),
    "IBM Cloud": (DEPLOYMENT, API_KEY, None),
    "a discontinued specification": (UNSUPPORTED, API_KEY, "ApiRequestFailure"),
    "a wrong key on IBM Cloud": (DEPLOYMENT, "another-key", "InvalidCredentialsError"),
}


@pytest.mark.parametrize("case", CLIENT)
async def test_ibms_own_client_gets_the_same(
    over_tls: str, certificates: Certificates, sample: SampleModel, case: str
) -> None:
    deployment, key, error = CLIENT[case]
    credentials: dict[str, JsonValue] = {"url": "https://us-south.ml.cloud.ibm.com", "api_key": key}
    if "IBM Cloud" not in case:
        credentials |= {"url": over_tls, "username": USERNAME, "instance_id": "openshift", "version": "5.2"}
    input_data: list[JsonValue] = [{"fields": list(sample.features), "values": _json(sample.rows)}]
    question: dict[str, JsonValue] = {"credentials": credentials, "port": urlsplit(over_tls).port}
    question |= {"space": SPACE, "deployment": deployment, "input_data": input_data}
    match await asyncio.to_thread(programs.client, question, certificates.authority):
        case {"scored": {"predictions": [{"values": [*values]}]}, "details": {"entity": {"asset": dict()}}}:
            outputs = [value[0] for value in values if isinstance(value, list)]
            assert outputs == pytest.approx(sample.expected, abs=TOLERANCE)
            assert not error
        case answer:
            assert error
            assert str(answer["error"]).startswith(error)
