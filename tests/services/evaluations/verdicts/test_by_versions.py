"""Two versions are compared by their newest finished runs that judged the same window."""

from dataclasses import replace

import pytest
from pydantic import JsonValue
from sqlalchemy import func

from app.core.errors import Conflict, InvalidInput, NotFound
from app.db import models as rows
from app.db.engine import Sessions
from app.db.evaluations import pairs
from app.db.tables import EvaluationRow
from app.schemas.access.callers import ITSELF
from app.schemas.evaluations.runs import EvaluationRequest
from app.schemas.hosting.deployments import Deployment
from app.services.evaluations.verdicts import by_versions
from tests.support.callers import asked_by
from tests.support.use_case import TRANSIT

JULY: dict[str, JsonValue] = {"since": "2013-07-01T00:00:00Z"}
NAMED: dict[str, JsonValue] = {"where": {"carrier": "UA", "origin": "EWR"}}
TURNED: dict[str, JsonValue] = {"where": {"origin": "EWR", "carrier": "UA"}}


class Runs:
    """Runs of the versions 1 and 2 of the model m, as they are stored."""

    def __init__(self, sessions: Sessions, versions: dict[str, int]) -> None:
        self._sessions, self.versions = sessions, versions

    async def add(self, version: str, **asked: JsonValue) -> int:
        columns = {"state": "done", "kind": "quality"} | {
            name: asked.pop(name) for name in ("state", "kind", "record_prefix") if name in asked
        }
        request = EvaluationRequest.model_validate(asked).model_dump(mode="json")
        row = EvaluationRow(
            model_version_id=self.versions[version],
            filter=request,
            finished_at=func.clock_timestamp(),
            **columns,
        )
        async with self._sessions.begin() as session:
            session.add(row)
            await session.flush()
            return row.id

    async def newest(self) -> tuple[int, int] | None:
        async with self._sessions() as session:
            found = await pairs.newest(
                session, self.versions["1"], self.versions["2"], time_field="scheduled_at"
            )
        return None if found is None else (found[0], found[1])


@pytest.fixture
async def runs(sessions: Sessions) -> Runs:
    async with sessions.begin() as session:
        model = await rows.ensure_model(session, "m")
        ids = {}
        for version in ("1", "2"):
            new = Deployment(0, "m", version, "sagemaker", {"endpoint_name": "a"}, ("month",))
            ids[version] = (await rows.insert_version(session, model.id, new)).id
    return Runs(sessions, ids)


async def test_the_newest_of_one_window_are_taken(runs: Runs) -> None:
    await runs.add("1", **JULY)
    assert await runs.newest() is None
    await runs.add("2")  # of another window
    assert await runs.newest() is None
    second, july = await runs.add("2", **JULY), await runs.add("1", **JULY)
    assert await runs.newest() == (july, second)
    whole = await runs.add("1", bucket="month")  # buckets are parts of the same window
    newer = await runs.add("2")
    assert await runs.newest() == (whole, newer)


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        (NAMED, TURNED, True),
        (NAMED, {"where": {"carrier": "AA"}}, False),
        ({**JULY, "time_field": "scheduled_at"}, JULY, True),
        ({**JULY, "time_field": "observed_at"}, JULY, False),
        ({"time_field": "observed_at"}, {}, True),
        (JULY, {**JULY, "until": "2014-01-01T00:00:00Z"}, False),
        (JULY, {"since": "2013-07-01T02:00:00+02:00"}, True),
        ({}, {"record_prefix": "acme/"}, False),
        ({}, {"state": "failed"}, False),
        ({}, {"kind": "report"}, False),
    ],
)
async def test_what_makes_windows_the_same(
    runs: Runs, first: dict[str, JsonValue], second: dict[str, JsonValue], alike: bool
) -> None:
    found = await runs.add("1", **first), await runs.add("2", **second)
    assert await runs.newest() == (found if alike else None)


async def test_runs_beyond_the_callers_prefix_are_not_taken(runs: Runs) -> None:
    await runs.add("1"), await runs.add("2")
    ours = await runs.add("1", record_prefix="a/"), await runs.add("2", record_prefix="a/")
    await runs.add("1", record_prefix="b/"), await runs.add("2", record_prefix="b/")
    with asked_by(replace(ITSELF, record_prefix="a/")):
        assert await runs.newest() == ours


async def test_what_cannot_be_compared_is_said(runs: Runs, sessions: Sessions) -> None:
    for a, b, error, said in (
        ("1", "1", InvalidInput, "nothing to compare"),
        ("1", "9", NotFound, "no version '9'"),
        ("1", "2", Conflict, "no finished evaluations of the versions '1' and '2' of 'm' on the same window"),
    ):
        with pytest.raises(error, match=said):
            await by_versions.compare(sessions, TRANSIT, "m", a, b)
