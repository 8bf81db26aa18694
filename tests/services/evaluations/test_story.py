"""The worked example's story, on orders from EWR: version 2 beats version 1, and the bad release fails."""

import csv
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.core.settings import Settings
from app.local import demo_data, demo_place
from app.local.endpoint_process import running_endpoint
from app.schemas.evaluations.runs import ComparedMetric, EvaluationRequest
from app.schemas.models import NewVersion
from app.services.evaluations import comparison
from app.services.evaluations import runs as evaluations
from app.services.evaluations.evaluator import Evaluator
from app.services.models import versions
from app.services.records import importer
from app.services.runtime import Runtime, open_runtime
from examples.transit import train
from tests.support.use_case import TRANSIT

REQUEST = EvaluationRequest.model_validate(
    {"since": "2013-07-01T00:00:00Z", "until": "2014-01-01T00:00:00Z", "bucket": "month", "slices": []}
)


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The local SageMaker with all three versions, where boto3 finds it."""
    for version in train.VERSIONS:
        train.build(tmp_path, version)
    with running_endpoint(demo_data.ENDPOINT, str(tmp_path), tmp_path) as url:
        for name, value in demo_place.environment("", url).items():
            monkeypatch.setenv(name, value)
        yield


async def orders_from_ewr() -> AsyncIterator[bytes]:
    """The lines of the sample data from July on."""
    with train.DATA.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    writer.writerows(
        line for line in lines if line["origin"] == "EWR" and line["scheduled_at"] >= "2013-07-01"
    )
    yield text.getvalue().encode()


async def evaluate(runtime: Runtime, version: str) -> int:
    """The id of the finished run of a version, registered here."""
    sessions = runtime.database.transactions
    new = NewVersion(
        version=version,
        backend="sagemaker",
        options={"endpoint_name": demo_data.ENDPOINT, "target_model": train.artifact_name(version)},
        features=list(train.VERSIONS[version]),
    )
    await versions.register(sessions, TRANSIT, runtime.inference, demo_data.MODEL, new)
    request = REQUEST.model_copy(update={"version": version})
    asked = await evaluations.ask(sessions, TRANSIT, request, default_model=demo_data.MODEL)
    await Evaluator(runtime).run(asked.id)
    return asked.id


@pytest.mark.usefixtures("endpoint")
async def test_the_history_shows_the_better_version_and_the_bad_release(settings: Settings) -> None:
    async with open_runtime(settings) as runtime:
        sessions = runtime.database.transactions
        await importer.import_records(sessions, TRANSIT, orders_from_ewr(), file_format="csv")
        runs = {version: await evaluate(runtime, version) for version in train.VERSIONS}

        async def compared(a: str, b: str, bucket: str) -> ComparedMetric:
            found = await comparison.compare(sessions, TRANSIT, runs[a], runs[b])
            (one,) = [one for one in found.metrics if (one.metric, one.bucket) == ("mae", bucket)]
            return one

        better = await compared("1", "2", "")
        assert better.n > 2000
        assert better.verdict == "better"
        assert better.high is not None
        assert better.high < -1.5  # minutes
        early, december = await compared("2", "3", "2013-09"), await compared("2", "3", "2013-12")
        assert early.verdict != "worse"
        assert december.verdict == "worse"
        assert december.low is not None
        assert december.low > 1.5
