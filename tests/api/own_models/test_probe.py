"""A promotion sends a row that the model is for."""

import httpx
import pytest

from tests.support.aws_stub import AwsStub
from tests.support.orders import invocations, order
from tests.support.own_models import OF_AA, register_one


@pytest.mark.parametrize(("model", "sent"), [(OF_AA, b"1.5"), ("transit", b"2.5"), ("of-new", b"2.5")])
async def test_the_newest_record_of_the_model_is_sent(
    client: httpx.AsyncClient, aws: AwsStub, model: str, sent: bytes
) -> None:
    for record_id, ratio, carrier in (("aa", 1.5, "AA"), ("ua", 2.5, "UA"), ("dl", 3.5, "DL")):
        await client.put(f"/records/{record_id}", json=order(ratio, carrier=carrier))
    await register_one(client, model, probe=True)
    assert [one.body for one in invocations(aws)] == [sent]
