"""A look that is answered by one of several servers, which may have other revisions, as behind KServe."""

from app.services.models import looks
from tests.trust.conftest import Service
from tests.trust.platform import Platform
from tests.trust.test_revisions import by


async def test_a_split_that_a_look_sees_one_side_of_costs_at_most_one_call_for_each_side(
    service: Service, platform: Platform
) -> None:
    """As behind a service that routes to several servers: each look is answered by one of them."""
    platform.style, platform.partial = "told", True
    platform.change(["A", "B"])
    for record in [f"n{number}" for number in range(5)]:
        await service.write(record, 100 + int(record[1:]))
    given = []
    for _ in range(12):
        await service.look()
        answers = [await service.predict(f"n{number}") for number in range(5)]
        given.append(tuple(answer.id for answer in answers))
        await service.settle()
    assert len(platform.calls) <= 10
    assert len(set(given[3:])) == 1  # the same answers, whatever a look sees


async def test_a_revision_that_no_look_sees_any_longer_is_forgotten(
    service: Service, platform: Platform
) -> None:
    platform.style, platform.partial = "told", True
    await service.look()
    await service.predict("r1")
    platform.change(["B"])
    for _ in range(looks.REMEMBERED + 2):  # in the first one's time A has answered
        await service.look()
    assert by(await service.predict("r1")) == "B"
