"""Several variants by weight: each answer is kept under the model that made it."""

from tests.support.deploying import DeployingAccount, HeldPauses
from tests.trust.conftest import Service
from tests.trust.rollouts.test_cache import by


async def test_each_record_costs_one_call_and_weights_decide_what_counts(
    service: Service, account: DeployingAccount, pauses: HeldPauses
) -> None:
    account.model("blue")
    account.model("green")
    pauses.let_go()
    account.control.update_endpoint(
        EndpointName="churn", EndpointConfigName=account.config("both", blue=1, green=1)
    )
    await account.settled("churn")
    await service.look()
    made_by = {}
    for number in range(4):
        record = f"n{number}"
        await service.write(record, 100 + number)
        first = await service.predict(record)
        assert first.revision.split()[0] == by(first)
        assert (await service.predict(record)).id == first.id
        made_by[record] = by(first)
    assert sorted(made_by.values()) == ["blue", "blue", "green", "green"]
    await service.look()
    account.control.update_endpoint_weights_and_capacities(
        EndpointName="churn",
        DesiredWeightsAndCapacities=[
            {"VariantName": "blue", "DesiredWeight": 0},
            {"VariantName": "green", "DesiredWeight": 1},
        ],
    )
    await service.look()
    for record, model in made_by.items():
        answer = await service.predict(record)
        assert (by(answer), answer.cache) == ("green", "HIT" if model == "green" else "MISS")
