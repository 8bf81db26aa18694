"""What a roll-out does to the cache: no answer is given under a revision that did not make it."""

from typing import TYPE_CHECKING

import pytest

from app.core.errors import AppError
from app.services.predictions.predictor import Answer
from tests.support.deploying import CANARY, LINEAR, NAMES_ITSELF, DeployingAccount, HeldPauses, shifting
from tests.support.eventually import until
from tests.trust.conftest import Service

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DeploymentConfigTypeDef

BAD_ON_13 = NAMES_ITSELF.replace(
    "    return [", "    assert all(row[0] != 13 for row in rows)\n        return ["
)
"""A release that is fine but for one record."""


def by(answer: Answer) -> str:
    """The model that made an answer."""
    prediction = answer.prediction
    assert isinstance(prediction, dict)
    return str(prediction["by"])


def told(answer: Answer) -> tuple[str, str, str]:
    """How it came about, the model that made it, and the name that its revision begins with."""
    return answer.cache, by(answer), answer.revision.split()[0].partition(":")[0]


def update(
    account: DeployingAccount, deployment: "DeploymentConfigTypeDef", inference: str = NAMES_ITSELF
) -> None:
    config = account.release("new", inference)
    account.control.update_endpoint(
        EndpointName="churn", EndpointConfigName=config, DeploymentConfig=deployment
    )


async def step(pauses: HeldPauses, number: int) -> None:
    await until(lambda: len(pauses.begun) == number)


async def test_after_it_everything_is_asked_anew(
    service: Service, account: DeployingAccount, pauses: HeldPauses
) -> None:
    assert told(await service.predict("r1")) == ("MISS", "old", "old")
    pauses.let_go()
    update(account, shifting({"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}))
    await account.settled("churn")
    unseen = await service.predict("r2")
    await service.look()
    assert by(unseen) == "new"
    for record in ("r1", "r2"):
        assert told(await service.predict(record)) == ("MISS", "new", "new")
        assert told(await service.predict(record)) == ("HIT", "new", "new")


@pytest.mark.parametrize(
    ("deployment", "steps"), [(shifting(CANARY), 2), (shifting(LINEAR), 2)], ids=["canary", "linear"]
)
async def test_while_it_lasts_old_answers_stand_and_new_ones_are_not_kept(
    service: Service,
    account: DeployingAccount,
    pauses: HeldPauses,
    deployment: "DeploymentConfigTypeDef",
    steps: int,
) -> None:
    first = await service.predict("r1")
    await service.look()
    update(account, deployment)
    made_by = set()
    for number in range(1, steps + 1):
        await step(pauses, number)
        await service.look()
        assert (await service.predict("r1")).id == first.id
        answers = [await service.predict("r2") for _ in range(4)]
        assert {answer.cache for answer in answers} == {"MISS"}
        assert all(answer.revision.startswith("pending:") for answer in answers)
        made_by |= {by(answer) for answer in answers}
        pauses.let_go()
    assert made_by == {"old", "new"}
    await account.settled("churn")
    await service.look()
    for record in ("r1", "r2"):
        assert told(await service.predict(record)) == ("MISS", "new", "new")
        assert told(await service.predict(record)) == ("HIT", "new", "new")


async def rolled_back(service: Service, account: DeployingAccount) -> None:
    """Once a record that the new release fails on has been asked, and the alarm has gone off."""
    await service.write("r13", 13)
    for _ in range(4):
        try:
            await service.predict("r13", refresh=True)
        except AppError:
            break
    found = await account.settled("churn")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "config-old")


async def test_after_a_roll_back_what_was_kept_before_is_a_hit_again(
    service: Service, account: DeployingAccount, pauses: HeldPauses
) -> None:
    first = await service.predict("r1")
    await service.look()
    update(account, shifting(CANARY, "errors"), BAD_ON_13)
    await step(pauses, 1)
    await service.look()
    await rolled_back(service, account)
    await service.look()
    again = await service.predict("r1")
    assert (again.cache, again.id) == ("HIT", first.id)
    assert told(await service.predict("r2")) == ("MISS", "old", "old")


async def test_what_a_canary_answered_that_no_look_saw_is_nobodys(
    service: Service, account: DeployingAccount, pauses: HeldPauses
) -> None:
    """It came and went between two looks, which found the same model."""
    update(account, shifting(CANARY, "errors"), BAD_ON_13)
    await step(pauses, 1)
    answers = {}
    for number in range(20, 24):
        await service.write(f"r{number}", number)
        answers[f"r{number}"] = await service.predict(f"r{number}")
    assert {by(answer) for answer in answers.values()} == {"old", "new"}
    await rolled_back(service, account)
    await service.look()
    for record in answers:
        assert told(await service.predict(record)) == ("MISS", "old", "old")
