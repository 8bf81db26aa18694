"""Where the target models of an endpoint lie."""

import pytest
from pydantic import JsonValue

from app.backends.sagemaker.looks.prefix import target_prefix
from app.backends.sagemaker.options import Options
from app.core.errors import BackendMissing
from tests.backends.sagemaker.account import MULTI, Account, single


def named(name: str, container: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {**container, "ContainerHostname": name}


async def test_it_is_that_of_the_container_that_the_options_name(account: Account) -> None:
    other: dict[str, JsonValue] = {**MULTI, "ModelDataUrl": "s3://bucket/others/"}
    account.models["churn-1"] = [
        named("scaler", single()),
        named("first", MULTI),
        named("second", other),
    ]
    account.direct.add("churn-1")
    found = [
        await target_prefix(Options(endpoint_name="churn", target_container_hostname=name))
        for name in ("first", "second")
    ]
    assert found == ["s3://bucket/models/", "s3://bucket/others/"]
    with pytest.raises(BackendMissing):
        await target_prefix(Options(endpoint_name="churn", target_container_hostname="scaler"))
