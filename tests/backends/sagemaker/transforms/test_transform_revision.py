"""Under which revision a transform job's outputs are kept."""

import pytest
from pydantic import JsonValue

from app.backends.sagemaker.transforms.transform import TransformJobs, open_transform_jobs
from app.core.errors import BackendDown
from tests.backends.sagemaker.account import DENIED, MULTI, Account, Opener, single
from tests.support.aws_stub import Answer, control_error
from tests.support.looks import revision_of

TRANSFORM: dict[str, JsonValue] = {"model_name": "churn-1", "instance_type": "ml.m5.xlarge"}
RESOLVED: JsonValue = [{"SpecifiedImage": "i", "ResolvedImage": "i@sha256:1"}]


@pytest.fixture(autouse=True)
def _another_model(account: Account) -> None:
    account.models["churn-2"] = single("m")


def jobs(**options: JsonValue) -> TransformJobs:
    values: dict[str, JsonValue] = {"endpoint_name": "churn", "transform": TRANSFORM}
    return open_transform_jobs(values | options, ["a", "b"])


async def test_a_deployed_model_has_the_revision_of_its_variant(account: Account, opener: Opener) -> None:
    account.serves(blue="churn-2", green="churn-1")
    account.variants["green"]["DeployedImages"] = RESOLVED  # what is behind a tag is told by deployments only
    deployed = await opener().look()
    assert deployed is not None
    assert await jobs().revision("noted") == deployed.variants["green"]
    assert await jobs(target_variant="green").revision("") == deployed.variants["green"]


async def test_the_same_content_under_another_name_has_it_too(account: Account, opener: Opener) -> None:
    account.serves(all="churn-2")
    account.models["churn-1"] = account.models["churn-2"]
    assert await jobs().revision("") == await revision_of(opener())


async def own(account: Account, **options: JsonValue) -> str:
    """The revision of another model than the deployed one."""
    revision = await jobs(**options).revision("noted")
    assert revision.split()[:2] == ["model", "churn-1"]
    return revision


async def test_another_model_than_the_deployed_one_has_its_own(account: Account) -> None:
    account.serves(all="churn-2")
    before = await own(account)
    assert len(before.split()[2]) == 12
    account.models["churn-1"] = single() | {"Environment": {"A": "1"}}  # made again under its name
    assert await own(account) != before
    account.serves(blue="churn-1", green="churn-2")
    await own(account, target_variant="green")
    account.serves()
    await own(account)


@pytest.mark.parametrize("same", [True, False])
async def test_the_model_of_an_inference_component(account: Account, opener: Opener, *, same: bool) -> None:
    account.components["part"] = {
        "InferenceComponentStatus": "InService",
        "Specification": {"ModelName": "churn-1" if same else "churn-2"},
    }
    if same:
        deployed = await revision_of(opener(inference_component="part"))
        assert await jobs(inference_component="part").revision("") == deployed
    else:
        await own(account, inference_component="part")


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"ModelDataUrl": "s3://bucket/models/b.tar.gz"}, False),
        ({"Image": "other"}, False),
        ({"Environment": {"SAGEMAKER_PROGRAM": "other.py"}}, False),
    ],
)
async def test_the_artifact_of_a_multi_model_endpoint(
    account: Account, opener: Opener, changes: dict[str, JsonValue], *, same: bool
) -> None:
    account.serves(all="many")
    account.models |= {"many": MULTI, "churn-1": single("m") | changes}
    if same:
        deployed = await revision_of(opener(target_model="m.tar.gz"))
        assert await jobs(target_model="m.tar.gz").revision("") == deployed
    else:
        await own(account, target_model="m.tar.gz")


async def test_who_may_not_ask_has_what_is_noted(account: Account) -> None:
    account.answers["DescribeEndpoint"] = DENIED
    assert await jobs().revision("config-0") == "config-0"
    del account.answers["DescribeEndpoint"]
    account.answers["DescribeModel"] = DENIED
    assert await jobs().revision("config-0") == "config-1"  # by its name
    account.answers["DescribeEndpointConfig"] = DENIED
    assert await jobs().revision("config-0") == "model churn-1"


@pytest.mark.parametrize("noted", ["", "config-0"])
async def test_without_an_endpoint(account: Account, noted: str) -> None:
    """What is noted is of an endpoint that is gone."""
    account.answers["DescribeEndpoint"] = control_error("ValidationException")
    found = await jobs().revision(noted)
    assert found == noted if not noted else found.startswith("model churn-1 ")


@pytest.mark.parametrize("operation", ["DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel"])
async def test_a_platform_that_fails_is_no_answer(account: Account, operation: str) -> None:
    account.answers[operation] = Answer(500, b"{}")
    with pytest.raises(BackendDown):
        await jobs().revision("config-1")
