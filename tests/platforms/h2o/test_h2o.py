"""The backend against a MOJO of the sample's model, scored by H2O's own library; and H2O's own client."""

import json
import subprocess
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import JsonValue

from app.backends.base import Backend, Reply
from app.backends.registry import open_backend
from app.core.errors import BackendMissing, BackendRefused, BackendRejected, InvalidInput
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.platforms.conftest import Agreement
from tests.platforms.h2o.scorer import HERE, Mojo, make_mojo, running_scorer
from tests.platforms.sample import SampleModel
from tests.platforms.venvs import platform_venv
from tests.support.looks import revision_of

pytestmark = [pytest.mark.platform, pytest.mark.timeout(600)]

TOKEN = "passphrase-of-the-test"
Open = Callable[..., Backend]


@dataclass(frozen=True)
class Scorer:
    url: str
    mojo: Mojo

    def ask(self, request: JsonValue) -> httpx.Response:
        """Its own answer, past the backend."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.post(self.url, json=request, headers=headers, trust_env=False)


@pytest.fixture(scope="session")
def scorer(sample: SampleModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scorer]:
    folder = tmp_path_factory.mktemp("h2o")
    mojo = make_mojo(sample, folder)
    with running_scorer(mojo, folder, TOKEN) as url:
        yield Scorer(url, mojo)


@pytest.fixture
async def opened(scorer: Scorer, sample: SampleModel, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    """Opens backends, of the sample's features unless a test names others."""
    monkeypatch.setenv("H2O_TOKEN", TOKEN)
    backends: list[Backend] = []

    def opener(features: tuple[str, ...] = sample.features, **changes: JsonValue) -> Backend:
        options = {"url": scorer.url, "token_env": "H2O_TOKEN", **changes}
        hosts = Hosts(f"http://{urlsplit(scorer.url).netloc}=*")
        backends.append(open_backend("h2o", options, features, concurrency=2, hosts=hosts))
        return backends[-1]

    yield opener
    for backend in backends:
        await backend.aclose()


@pytest.fixture
def backend(opened: Open) -> Backend:
    return opened()


def minutes(reply: Reply) -> list[float]:
    return [float(str(output)) for output in reply.outputs]


async def test_it_predicts_what_the_local_endpoint_predicts(
    backend: Backend, sample: SampleModel, agreement: Agreement
) -> None:
    outputs: list[float] = []
    for start in range(0, len(sample.rows), 300):
        outputs += minutes(await backend.predict(sample.rows[start : start + 300], 30))
    agreement(counterpart="h2o-genmodel 3.46.0.11 (MOJO)", outputs=outputs, tolerance=1e-6)


async def test_one_row_and_the_order_of_rows(backend: Backend, sample: SampleModel) -> None:
    some = slice(100, 120)
    assert len(set(sample.expected[some])) > 10
    forward = minutes(await backend.predict(sample.rows[some], 30))
    backward = minutes(await backend.predict(sample.rows[some][::-1], 30))
    assert forward == backward[::-1] == pytest.approx(sample.expected[some], abs=1e-6)
    assert minutes(await backend.predict([sample.rows[100]], 30)) == forward[:1]


async def test_the_order_of_features_is_the_versions(opened: Open, sample: SampleModel) -> None:
    turned = opened(sample.features[::-1])
    reply = await turned.predict([row[::-1] for row in sample.rows[:20]], 30)
    assert minutes(reply) == pytest.approx(sample.expected[:20], abs=1e-6)


async def test_a_missing_value_is_missing(backend: Backend, sample: SampleModel) -> None:
    place = sample.features.index("recent_transit_ratio")
    missing = [index for index, row in enumerate(sample.rows) if row[place] is None]
    rows = [sample.rows[index] for index in missing]
    assert rows
    assert minutes(await backend.predict(rows, 30)) == pytest.approx(
        [sample.expected[index] for index in missing], abs=1e-6
    )
    zero = [[0.0 if cell is None else cell for cell in row] for row in rows]
    assert minutes(await backend.predict(zero, 30)) != minutes(await backend.predict(rows, 30))


async def test_a_text_among_numbers_is_found_before_h2o_guesses_on(
    scorer: Scorer, backend: Backend, sample: SampleModel
) -> None:
    good: Row = sample.rows[0]
    bad = ["?" if name == "carrier" else cell for name, cell in zip(sample.features, good, strict=True)]
    request: JsonValue = {"fields": list(sample.features), "rows": [[str(cell) for cell in bad]]}
    assert scorer.ask(request).status_code == 200
    output, error = (await backend.predict([good, bad], 30)).outputs
    assert output == pytest.approx(sample.expected[0], abs=1e-6)
    assert isinstance(error, InvalidInput)
    assert "'carrier'" in error.detail
    with pytest.raises(InvalidInput, match="'carrier'"):
        backend.row_bytes(bad)


async def test_what_the_scorer_refuses_is_rejected_in_our_words(scorer: Scorer, backend: Backend) -> None:
    own = scorer.ask({"fields": ["carrier"], "rows": []}).json()["detail"][0]["msg"]
    with pytest.raises(BackendRejected) as caught:
        await backend.predict([], 30)
    assert own == "List of input data rows cannot be empty"
    assert own not in caught.value.detail


@pytest.mark.parametrize("token", ["another", "passphrase-of-the-tes", None])
async def test_nobody_gets_in_without_the_token(
    opened: Open, sample: SampleModel, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    monkeypatch.setenv("H2O_TOKEN", token or "-")
    backend = opened(token_env="H2O_TOKEN" if token else None)
    with pytest.raises(BackendRefused, match="401"):
        await backend.predict(sample.rows[:1], 30)
    with pytest.raises(BackendRefused, match="401"):
        await revision_of(backend)


async def test_an_unknown_deployment_is_refused(scorer: Scorer, opened: Open, sample: SampleModel) -> None:
    elsewhere = opened(url=scorer.url.replace("822fcf3d", "00000000"))
    for asked in (elsewhere.predict(sample.rows[:1], 30), revision_of(elsewhere)):
        with pytest.raises(BackendMissing, match="404"):
            await asked


async def test_the_revision_is_the_mojos_own_id(
    scorer: Scorer, backend: Backend, sample: SampleModel
) -> None:
    settings = zipfile.ZipFile(scorer.mojo.path).read("model.ini").decode()
    revision = await revision_of(backend)
    assert f"\nuuid = {revision}\n" in settings
    assert (await backend.predict(sample.rows[:1], 30)).revision == revision


async def test_features_that_are_not_the_columns_are_named(opened: Open, sample: SampleModel) -> None:
    backend = opened((*sample.features[1:], "mood"))
    with pytest.raises(InvalidInput) as caught:
        await revision_of(backend)
    assert [fault.field for fault in caught.value.errors] == ["features.origin_lat", "features.mood"]
    with pytest.raises(BackendRefused, match="mood: the model has no such column"):
        await backend.predict(sample.rows[:1], 30)


def test_the_scorer_is_one_to_h2os_own_client(scorer: Scorer, sample: SampleModel) -> None:
    rows = [["" if cell is None else str(cell) for cell in row] for row in sample.rows[:5]]
    request = json.dumps({"fields": sample.features, "rows": rows})
    command: list[str | Path] = [platform_venv("h2o") / "python", HERE / "client.py", scorer.url, TOKEN]
    done = subprocess.run(command, input=request, capture_output=True, text=True, check=True)
    answers = json.loads(done.stdout)
    assert answers["reachable"]
    columns = answers["schema"]["schema"]["inputFields"]
    assert [column["name"] for column in columns] == list(sample.features)
    scores = [float(score) for (score,) in answers["score"]["score"]]
    assert scores == pytest.approx(sample.expected[:5], abs=1e-6)
