"""Where no look says which revisions there are, the names that replies give tell answers apart."""

from collections.abc import AsyncIterator

import pytest

from app.core.settings import Settings
from app.schemas.evaluations.runs import Evaluation, EvaluationRequest
from app.services.evaluations import runs
from app.services.evaluations.evaluator import Evaluator
from app.services.records import labels
from tests.trust.conftest import Service, opened
from tests.trust.platform import Platform, Style


@pytest.fixture
async def unseen(settings: Settings, platform: Platform) -> AsyncIterator[Service]:
    """A live version of a platform that has never said what is in service."""
    platform.looks_fail = True
    async with opened(settings) as service:
        yield service


async def evaluated(service: Service) -> Evaluation:
    """A run on four records that two revisions answer by turns."""
    runtime = service.processes[0].runtime
    for number in range(4):
        await service.write(f"e{number}", 50 + number)
        await labels.put_label(runtime.sessions, runtime.use_case, f"e{number}", 60.0)
        await service.predict(f"e{number}")
    request = EvaluationRequest(model="m", metrics=["mae"], slices=[])
    asked = await runs.ask(runtime.sessions, runtime.use_case, request, default_model=None)
    await Evaluator(runtime).run(asked.id)
    return await runs.get(runtime.sessions, asked.id)


@pytest.mark.parametrize(
    ("style", "groups"),
    [
        ("variant", {("", 4), ("answered_by=variant-A", 2), ("answered_by=variant-B", 2)}),
        ("silent", {("", 4)}),
    ],
)
async def test_variants_stand_for_revisions_that_are_not_known(
    unseen: Service, platform: Platform, style: Style, groups: set[tuple[str, int]]
) -> None:
    platform.style = style
    platform.change(["A", "B"])
    run = await evaluated(unseen)
    assert {one.revision for one in run.answered_by} == {""}
    assert {(one.slice, one.n) for one in run.metrics} == groups
