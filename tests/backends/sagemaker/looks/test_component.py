"""What an inference component runs."""

import pytest
from pydantic import JsonValue

from app.backends.base import Deployed
from app.core.errors import BackendDown, BackendMissing
from tests.backends.sagemaker.account import DENIED, Account, Opener, unknown

CONTAINER: dict[str, JsonValue] = {
    "DeployedImage": {"SpecifiedImage": "i", "ResolvedImage": "i@sha256:1", "ResolutionTime": 1.6e9},
    "ArtifactUrl": "s3://bucket/models/m.tar.gz",
    "Environment": {"A": "1"},
}


def component(specification: JsonValue, status: str = "InService", **more: JsonValue) -> JsonValue:
    return {
        "InferenceComponentName": "part",
        "InferenceComponentStatus": status,
        "VariantName": "all",
        "Specification": specification,
        **more,
    }


async def look(opener: Opener) -> Deployed:
    found = await opener(inference_component="part").look()
    assert found is not None
    return found


async def test_it_runs_a_model(account: Account, opener: Opener) -> None:
    account.components["part"] = component({"ModelName": "churn-1"})
    (of_component,) = (await look(opener)).revisions
    by_variant = await opener().look()
    assert by_variant is not None
    assert by_variant.revisions == {of_component}


@pytest.mark.parametrize(
    "change",
    [
        {"DeployedImage": {"SpecifiedImage": "i", "ResolvedImage": "i@sha256:2"}},
        {"ArtifactUrl": "s3://bucket/models/1.tar.gz"},
        {"Environment": {"A": "2"}},
    ],
)
async def test_it_runs_a_container(account: Account, opener: Opener, change: dict[str, JsonValue]) -> None:
    """A new image under the same artifact, too."""
    account.components["part"] = component({"Container": CONTAINER})
    (before,) = (await look(opener)).revisions
    assert before.startswith("part ")
    resources: JsonValue = {"NumberOfCpuCoresRequired": 2}
    account.components["part"] = component({"Container": CONTAINER, "ComputeResourceRequirements": resources})
    assert (await look(opener)).revisions == {before}
    account.components["part"] = component({"Container": CONTAINER | change})
    assert (await look(opener)).revisions != {before}


async def test_its_artifact_replaced_in_place_is_noticed(account: Account, opener: Opener) -> None:
    account.components["part"] = component({"Container": CONTAINER})
    before = await look(opener)
    account.objects["models/m.tar.gz"] = "def"
    account.modified = "Fri, 27 Nov 2026 00:00:00 GMT"
    after = await look(opener)
    assert before.revisions != after.revisions
    assert (before.unclear, after.unclear) == (False, True)  # it was not deployed again since


async def test_an_adapter_runs_on_its_base(account: Account, opener: Opener) -> None:
    adapter: JsonValue = {"BaseInferenceComponentName": "base", "Container": {"ArtifactUrl": "s3://bucket/a"}}
    account.components |= {
        "base": component({"Container": CONTAINER}),
        "part": component(adapter),
    }
    before = await look(opener)
    account.components["base"] = component({"Container": CONTAINER | {"Environment": {"A": "2"}}})
    assert (await look(opener)).revisions != before.revisions


@pytest.mark.parametrize("specification", [None, {}])
async def test_one_that_does_not_say_what_it_runs_has_what_surrounds_it(
    account: Account, opener: Opener, specification: JsonValue
) -> None:
    account.components["part"] = component(specification)
    assert (await look(opener)).revisions == {"config-1"}
    account.answers["DescribeInferenceComponent"] = DENIED
    assert (await look(opener)).revisions == {"config-1"}


async def test_while_it_changes_it_is_pending(account: Account, opener: Opener) -> None:
    account.components["part"] = component({"ModelName": "churn-1"}, "Updating")
    assert (await look(opener)).pending
    account.components["part"] = component({"ModelName": "churn-1"}, "Creating")
    with pytest.raises(BackendDown, match="'part' is not in service: Creating"):
        await look(opener)


async def test_its_copies_are_surroundings(account: Account, opener: Opener) -> None:
    looks = []
    for copies in (1, 2):
        config: JsonValue = {"DesiredCopyCount": copies, "CurrentCopyCount": copies}
        account.components["part"] = component({"ModelName": "churn-1"}, RuntimeConfig=config)
        looks.append(await look(opener))
    assert looks[0].surroundings != looks[1].surroundings
    assert looks[0].revisions == looks[1].revisions


async def test_one_that_is_not_there_is_named(account: Account, opener: Opener) -> None:
    account.answers["DescribeInferenceComponent"] = unknown("inference component")
    with pytest.raises(BackendMissing) as caught:
        await look(opener)
    assert [fault.field for fault in caught.value.errors] == ["options.inference_component"]
