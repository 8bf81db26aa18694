"""What a look says while the endpoint changes, and where several variants answer."""

import pytest
from pydantic import JsonValue

from app.backends.base import Deployed
from app.core.errors import BackendDown, BackendMissing, BackendRefused
from tests.backends.sagemaker.account import Account, Opener, single, unknown
from tests.support.aws_stub import Answer, csv
from tests.support.eventually import TIMEOUT

NEW: JsonValue = {"EndpointConfigName": "config-2", "StartTime": 1.7e9}


async def look(opener: Opener, **options: JsonValue) -> Deployed:
    found = await opener(**options).look()
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("change", "pending"),
    [
        ({}, False),
        ({"PendingDeploymentSummary": NEW}, True),
        ({"EndpointStatus": "Updating"}, True),
        ({"EndpointStatus": "SystemUpdating"}, True),
        ({"EndpointStatus": "RollingBack"}, True),
        ({"EndpointStatus": "UpdateRollbackFailed"}, True),  # it serves old and new
        ({"EndpointStatus": "of another year"}, True),
    ],
)
async def test_while_it_changes_what_was_there_is_in_service_and_pending(
    account: Account, opener: Opener, change: dict[str, JsonValue], *, pending: bool
) -> None:
    before = await look(opener)
    account.endpoint |= change
    found = await look(opener)
    assert (found.revisions, found.pending) == (before.revisions, pending)


@pytest.mark.parametrize("status", ["Creating", "OutOfService", "Failed", "Deleting"])
async def test_what_is_not_in_service_has_no_revision(account: Account, opener: Opener, status: str) -> None:
    account.endpoint["EndpointStatus"] = status
    with pytest.raises(BackendDown, match=f"'churn' is not in service: {status}"):
        await opener().look()


async def test_an_artifact_replaced_after_its_deployment_leaves_nobody_sure(
    account: Account, opener: Opener
) -> None:
    """Instances that are added from then on have the new one."""
    image: JsonValue = {"SpecifiedImage": "i", "ResolvedImage": "i@1", "ResolutionTime": 1.5e9}  # 2017
    account.variants["all"]["DeployedImages"] = [image]
    assert (await look(opener)).unclear  # modified in 2020
    account.endpoint["CreationTime"] = 1.6e9
    assert not (await look(opener)).unclear


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([{"CurrentWeight": 1.0}, {"CurrentWeight": 3.0}], {"blue", "green"}),
        ([{"CurrentWeight": 1.0}, {"CurrentWeight": 0.0, "DesiredWeight": 1.0}], {"blue"}),
        ([{"DesiredWeight": 0.0}, {"DesiredWeight": 1.0}], {"green"}),
        ([{}, {"CurrentServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}], {"blue", "green"}),
    ],
)
async def test_each_variant_with_weight_is_in_service(
    account: Account, opener: Opener, weights: list[dict[str, JsonValue]], expected: set[str]
) -> None:
    account.models["churn-2"] = single("m")
    account.serves(blue="churn-1", green="churn-2")
    account.variants = dict(zip(account.variants, weights, strict=True))
    found = await look(opener)
    assert set(found.variants) == expected
    assert found.revisions == set(found.variants.values())
    assert len(found.revisions) == len(expected)
    assert set((await look(opener, target_variant="green")).variants) == {"green"}


async def test_no_variant_with_weight(account: Account, opener: Opener) -> None:
    account.variants["all"] = {"CurrentWeight": 0.0}
    with pytest.raises(BackendRefused, match="no variant of it takes traffic"):
        await opener().look()


async def test_two_variants_of_one_model_are_one_revision(account: Account, opener: Opener) -> None:
    account.serves(blue="churn-1", green="churn-1")
    found = await look(opener)
    assert len(found.revisions) == 1
    assert set(found.variants) == {"blue", "green"}


async def test_a_variant_that_the_endpoint_does_not_have(account: Account, opener: Opener) -> None:
    account.serves(blue="churn-1", green="churn-1")
    with pytest.raises(BackendMissing, match="it has blue, green") as caught:
        await opener(target_variant="red").look()
    assert [fault.field for fault in caught.value.errors] == ["options.target_variant"]


async def test_an_endpoint_that_is_not_there_is_named(account: Account, opener: Opener) -> None:
    account.answers["DescribeEndpoint"] = unknown("endpoint")
    for options in ({}, {"target_model": "m.tar.gz"}):
        with pytest.raises(BackendMissing) as caught:
            await opener(**options).look()
        assert [fault.field for fault in caught.value.errors] == ["options.endpoint_name"]
        assert "churn" in caught.value.detail
        assert "123456789012" not in f"{caught.value.detail} {caught.value.errors}"


async def test_scaling_and_another_configuration_move_the_surroundings(
    account: Account, opener: Opener
) -> None:
    """What then moves the last change is explained; without them it may be a roll-out and back."""
    account.endpoint["LastModifiedTime"] = 1.7e9
    looks = [await look(opener)]
    account.variants["all"]["DesiredInstanceCount"] = 2
    account.endpoint["LastModifiedTime"] = 1.8e9
    looks.append(await look(opener))
    account.endpoint |= {"EndpointConfigName": "config-2", "LastModifiedTime": 1.9e9}
    looks.append(await look(opener))
    assert len({each.surroundings for each in looks}) == len(looks)
    account.endpoint["LastModifiedTime"] = 2e9
    looks.append(await look(opener))
    assert looks[-1].surroundings == looks[-2].surroundings
    assert len({each.changed for each in looks}) == len(looks)


@pytest.mark.parametrize(("options", "expected"), [({}, "blue"), ({"inference_component": "part"}, None)])
async def test_a_reply_names_the_variant_that_answered(
    account: Account, opener: Opener, options: dict[str, JsonValue], expected: str | None
) -> None:
    """That of a component is one of the instances it is on."""
    headers = {"x-Amzn-Invoked-Production-Variant": "blue"}
    account.answers[""] = Answer(body=b"1", headers={**csv("1").headers, **headers})
    assert (await opener(**options).predict([[1]], TIMEOUT)).variant == expected
