"""Production variants and their weights."""

from collections import Counter

import pytest
from botocore.exceptions import ClientError

from tests.support.deploying import DeployingAccount


def by(answers: list[str]) -> dict[str, int]:
    return dict(Counter("a" if '"a"' in answer else "b" for answer in answers))


@pytest.fixture
async def split(account: DeployingAccount) -> DeployingAccount:
    """The endpoint ``churn``, whose variant ``a`` gets three calls of four, ``b`` the other."""
    account.model("a")
    account.model("b")
    await account.endpoint("churn", account.config("split", a=3, b=1))
    return account


async def test_calls_go_by_the_weights(split: DeployingAccount) -> None:
    assert by(split.answers("churn", 8)) == {"a": 6, "b": 2}
    variants = split.describe("churn")["ProductionVariants"]
    assert [(each["VariantName"], each["CurrentWeight"]) for each in variants] == [("a", 3), ("b", 1)]


async def test_an_answer_names_its_variant_and_a_call_may(split: DeployingAccount) -> None:
    reply = split.aws.invoke("churn", "[[1]]", "application/json", TargetVariant="b")
    assert (reply.variant, '"b"' in reply.body) == ("b", True)
    refusal = split.aws.refusal("churn", "[[1]]", TargetVariant="c")
    assert (refusal.code, refusal.message) == ("ValidationError", "Variant c not found for endpoint churn.")


async def test_weights_change_without_a_deployment(split: DeployingAccount) -> None:
    before = split.describe("churn")
    split.control.update_endpoint_weights_and_capacities(
        EndpointName="churn",
        DesiredWeightsAndCapacities=[
            {"VariantName": "a", "DesiredWeight": 0, "DesiredInstanceCount": 9},
            {"VariantName": "b", "DesiredWeight": 1},
        ],
    )
    found = await split.settled("churn")
    assert by(split.answers("churn", 4)) == {"b": 4}
    assert by(split.answers("churn", 1, TargetVariant="a")) == {"a": 1}
    assert found["EndpointConfigName"] == before["EndpointConfigName"]
    assert found["LastModifiedTime"] > before["LastModifiedTime"]
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 9


async def test_weights_of_a_variant_that_is_not_there(split: DeployingAccount) -> None:
    with pytest.raises(ClientError, match="Could not find variant c of endpoint churn"):
        split.control.update_endpoint_weights_and_capacities(
            EndpointName="churn", DesiredWeightsAndCapacities=[{"VariantName": "c", "DesiredWeight": 1}]
        )


async def test_without_any_weight_nothing_answers(account: DeployingAccount) -> None:
    account.model("a")
    await account.endpoint("churn", account.config("none", a=0))
    assert "no variant that takes traffic" in account.aws.refusal("churn", "[[1]]").message
