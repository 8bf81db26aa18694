"""Roll-outs over the wire: what answers, and what DescribeEndpoint says, at every step."""

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.support.deploying import CANARY, FAILS, LINEAR, DeployingAccount, HeldPauses, shifting
from tests.support.eventually import until

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DeploymentConfigTypeDef, RollingUpdatePolicyTypeDef

ROLLING: "RollingUpdatePolicyTypeDef" = {
    "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
    "WaitIntervalInSeconds": 120,
}


def by(answers: list[str]) -> dict[str, int]:
    """How many answers each model made."""
    return Counter("old" if '"old"' in answer else "new" for answer in answers)


async def begun(
    account: DeployingAccount, deployment: "DeploymentConfigTypeDef", inference: str | None = None
) -> None:
    """An endpoint that runs ``old``, and is being updated to ``new``."""
    await account.deployed("churn", "old")
    config = account.release("new", inference) if inference else account.release("new")
    account.control.update_endpoint(
        EndpointName="churn", EndpointConfigName=config, DeploymentConfig=deployment
    )


async def step(account: DeployingAccount, pauses: HeldPauses, number: int) -> None:
    """Until this pause, the first is 1, is under way."""
    await until(lambda: len(pauses.begun) == number)


async def test_without_a_policy_everything_goes_over_at_once(
    account: DeployingAccount, pauses: HeldPauses
) -> None:
    await account.deployed("churn", "old")
    pauses.let_go()
    account.control.update_endpoint(EndpointName="churn", EndpointConfigName=account.release("new"))
    found = await account.settled("churn")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "config-new")
    assert not {"PendingDeploymentSummary", "FailureReason"} & set(found)
    assert by(account.answers("churn", 4)) == {"new": 4}


async def test_a_canary_takes_its_part_and_then_all(account: DeployingAccount, pauses: HeldPauses) -> None:
    await begun(account, shifting(CANARY, termination=60))
    await step(account, pauses, 1)
    found = account.describe("churn")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("Updating", "config-old")
    pending = found["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == "config-new"
    (variant,) = pending["ProductionVariants"]
    assert (variant["VariantName"], variant["VariantStatus"][0]["Status"]) == ("all", "ActivatingTraffic")
    assert by(account.answers("churn", 8)) == {"old": 6, "new": 2}
    assert by(account.answers("churn", 8, TargetVariant="all")) == {"old": 6, "new": 2}
    pauses.let_go()
    await step(account, pauses, 2)
    assert account.describe("churn")["EndpointConfigName"] == "config-old"
    assert by(account.answers("churn", 4)) == {"new": 4}
    pauses.let_go()
    found = await account.settled("churn")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "config-new")
    assert found["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] == 60
    assert pauses.begun == [600, 60]


@pytest.mark.parametrize(
    ("deployment", "waits"),
    [(shifting(LINEAR), [300, 0]), ({"RollingUpdatePolicy": ROLLING}, [120, 120])],
    ids=["linear", "rolling"],
)
async def test_linear_and_rolling_shift_by_even_steps(
    account: DeployingAccount,
    pauses: HeldPauses,
    deployment: "DeploymentConfigTypeDef",
    waits: list[float],
) -> None:
    await begun(account, deployment)
    for number, expected in enumerate(({"old": 2, "new": 2}, {"new": 4}), 1):
        await step(account, pauses, number)
        assert by(account.answers("churn", 4)) == expected
        pauses.let_go()
    assert (await account.settled("churn"))["EndpointConfigName"] == "config-new"
    assert pauses.begun == waits


@pytest.mark.parametrize(
    "deployment",
    [
        shifting(CANARY, "errors"),
        {"RollingUpdatePolicy": ROLLING, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}},
    ],
    ids=["canary", "rolling"],
)
async def test_an_alarm_rolls_it_back(
    account: DeployingAccount, pauses: HeldPauses, deployment: "DeploymentConfigTypeDef"
) -> None:
    await begun(account, deployment, FAILS)
    await step(account, pauses, 1)
    outcomes = [account.aws.outcome("churn", "[[1]]", "application/json") for _ in range(4)]
    assert any(getattr(outcome, "code", "") == "ModelError" for outcome in outcomes)
    found = await account.settled("churn")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "config-old")
    assert "rolled back" in found["FailureReason"]
    assert by(account.answers("churn", 4)) == {"old": 4}


async def test_without_alarms_failures_roll_nothing_back(
    account: DeployingAccount, pauses: HeldPauses
) -> None:
    await begun(account, shifting(CANARY), FAILS)
    await step(account, pauses, 1)
    for _ in range(4):
        account.aws.outcome("churn", "[[1]]", "application/json")
    assert account.describe("churn")["EndpointStatus"] == "Updating"
    pauses.let_go()
    pauses.let_go()
    assert (await account.settled("churn"))["EndpointConfigName"] == "config-new"


async def test_a_fleet_that_cannot_start_changes_nothing(account: DeployingAccount) -> None:
    await begun(account, shifting(CANARY), "def model_fn(model_dir):\n    raise RuntimeError('no weights')")
    found = await account.settled("churn")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "config-old")
    assert "no weights" in found["FailureReason"]
    assert by(account.answers("churn", 2)) == {"old": 2}


async def test_a_rolling_update_whose_roll_back_fails_leaves_a_mix(
    account: DeployingAccount, pauses: HeldPauses
) -> None:
    """It has given up old instances, and cannot start others. Another update is the way out."""
    deployment: DeploymentConfigTypeDef = {
        "RollingUpdatePolicy": ROLLING,
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    }
    await begun(account, deployment, FAILS)
    await step(account, pauses, 1)
    account.artifact("old").unlink()
    for _ in range(2):
        account.aws.outcome("churn", "[[1]]", "application/json")
    found = await account.settled("churn")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("UpdateRollbackFailed", "config-old")
    codes = [getattr(account.aws.outcome("churn", "[[1]]", "application/json"), "code", "") for _ in range(4)]
    assert Counter(codes) == {"": 2, "ModelError": 2}
    pauses.let_go()
    pauses.let_go()
    account.control.update_endpoint(EndpointName="churn", EndpointConfigName=account.release("newer"))
    assert (await account.settled("churn"))["EndpointStatus"] == "InService"
    assert '"newer"' in account.answers("churn", 1)[0]


async def test_an_endpoint_under_way_is_left_alone(account: DeployingAccount, pauses: HeldPauses) -> None:
    await begun(account, shifting(CANARY))
    await step(account, pauses, 1)
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        account.control.update_endpoint(EndpointName="churn", EndpointConfigName="config-old")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        account.control.delete_endpoint(EndpointName="churn")
    assert by(account.answers("churn", 4)) == {"old": 3, "new": 1}


@pytest.mark.parametrize(
    ("excluded", "weights"),
    [([], {"a": 4, "b": 4}), ([{"VariantPropertyType": "DesiredWeight"}], {"a": 6, "b": 2})],
)
async def test_an_update_may_retain_what_its_variants_have(
    account: DeployingAccount, pauses: HeldPauses, excluded: list[object], weights: dict[str, int]
) -> None:
    account.model("a")
    account.model("b")
    await account.endpoint("churn", account.config("even", a=1, b=1))
    pauses.let_go()
    account.control.update_endpoint(
        EndpointName="churn",
        EndpointConfigName=account.config("uneven", a=3, b=1),
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=excluded,  # type: ignore[arg-type]
    )
    await account.settled("churn")
    found = Counter("a" if '"a"' in answer else "b" for answer in account.answers("churn", 8))
    assert found == weights
