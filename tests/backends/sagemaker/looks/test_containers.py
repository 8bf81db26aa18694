"""Models with several containers: where a call names one of them, that one is the revision."""

import pytest
from pydantic import JsonValue

from app.core.errors import BackendMissing
from tests.backends.sagemaker.account import DENIED, Account, Opener
from tests.support.looks import revision_of

FIRST: dict[str, JsonValue] = {
    "ContainerHostname": "first",
    "Image": "i",
    "ModelDataUrl": "s3://bucket/models/1.tar.gz",
}
SECOND: dict[str, JsonValue] = {"ContainerHostname": "second", "Image": "j"}
MANY: dict[str, JsonValue] = {
    "ContainerHostname": "many",
    "Image": "k",
    "Mode": "MultiModel",
    "ModelDataUrl": "s3://bucket/models/",
}


@pytest.fixture(autouse=True)
def _direct(account: Account) -> None:
    account.models["churn-1"] = [FIRST, SECOND, MANY]
    account.direct = {"churn-1"}


async def revisions(opener: Opener) -> list[str | None]:
    first = await revision_of(opener(target_container_hostname="first"))
    second = await revision_of(opener(target_container_hostname="second"))
    return [
        first,
        second,
        await revision_of(opener(target_container_hostname="many", target_model="m.tar.gz")),
    ]


async def test_another_container_changes_only_what_it_answers(account: Account, opener: Opener) -> None:
    first, second, many = await revisions(opener)
    assert len({first, second, many}) == 3
    account.models["churn-1"] = [FIRST, SECOND | {"Image": "j:2"}, MANY]
    now = await revisions(opener)
    assert [now[0], now[2]] == [first, many]
    assert now[1] != second
    account.objects["models/m.tar.gz"] = "new"
    assert (await revisions(opener))[:2] == now[:2]
    assert (await revisions(opener))[2] != many


@pytest.mark.parametrize(
    ("options", "direct", "told"),
    [
        ({}, True, "one of the model's containers is needed: first, second, many"),
        ({"target_container_hostname": "third"}, True, "is needed: first, second, many"),
        ({"target_container_hostname": "first"}, False, "no containers that are invoked directly"),
    ],
)
async def test_a_container_that_cannot_be_asked_is_named(
    account: Account, opener: Opener, options: dict[str, JsonValue], direct: bool, told: str
) -> None:
    account.direct = {"churn-1"} if direct else set()
    with pytest.raises(BackendMissing, match=told) as caught:
        await opener(**options).look()
    assert [one.field for one in caught.value.errors or ()] == ["options.target_container_hostname"]


async def test_containers_that_cannot_be_seen_are_taken_on_trust(account: Account, opener: Opener) -> None:
    account.answers["DescribeModel"] = DENIED
    assert await revision_of(opener(target_container_hostname="third")) == "config-1"


async def test_a_pipeline_is_one(account: Account, opener: Opener) -> None:
    account.direct, account.models["churn-1"] = set(), [FIRST, SECOND]
    before = await revision_of(opener())
    account.models["churn-1"] = [FIRST, SECOND | {"Image": "j:2"}]
    assert await revision_of(opener()) != before
