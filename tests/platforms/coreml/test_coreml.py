"""The evaluator beside what coremltools makes: files by its converters, answers by the models' makers.

Core ML itself runs on macOS only, so nothing here compares with it.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendRefused, InvalidInput
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.platforms.conftest import Agreement
from tests.platforms.sample import SampleModel
from tests.platforms.venvs import platform_venv
from tests.support.looks import revision_of

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]

HERE = Path(__file__).parent
FEATURES = ("a", "b", "c", "d")
CASES = (
    *("linear", "scaler", "imputer", "one_hot", "decision_tree", "random_forest", "gradient_boosting"),
    *("logistic_2", "logistic_3", "random_forest_2", "random_forest_3", "gradient_boosting_2"),
    *("gradient_boosting_3", "xgboost", "xgboost_2", "xgboost_3", "texts"),
)


@dataclass(frozen=True)
class Case:
    """What a model's maker says: the regressor's values, or the probabilities and the labels."""

    rows: list[Row]
    outputs: list[JsonValue]
    labels: list[JsonValue] | None = None
    features: Sequence[str] = FEATURES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the venv of coremltools writes, but for the sample's."""
    folder = tmp_path_factory.mktemp("coreml")
    run("fixtures.py", folder)
    return folder


@pytest.fixture(scope="module")
def transit(folder: Path, sample: SampleModel) -> Path:
    run("convert.py", sample.booster, ",".join(sample.features), folder / "transit.mlmodel")
    return folder


@pytest.fixture(scope="module")
def cases(folder: Path) -> dict[str, Case]:
    return {name: Case(**case) for name, case in json.loads((folder / "cases.json").read_text()).items()}


def run(program: str, *arguments: str | Path) -> None:
    command = [platform_venv("coreml") / "python", HERE / program, *arguments]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(autouse=True)
def _models(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COREML_MODELS", str(folder))


def opened(name: str, features: Sequence[str] = FEATURES, **options: JsonValue) -> Backend:
    wanted = {"model": f"{name}.mlmodel", **options}
    return open_backend("coreml", wanted, features, concurrency=2, hosts=Hosts())


async def outputs(backend: Backend, rows: Sequence[Row]) -> list[JsonValue]:
    found = (await backend.predict(rows, 60)).outputs
    await backend.aclose()
    return [output for output in found if not isinstance(output, Exception)]


@pytest.mark.usefixtures("transit")
async def test_the_sample_agrees_with_sagemaker(sample: SampleModel, agreement: Agreement) -> None:
    backend = opened("transit", sample.features, single_precision=True)
    found: list[float] = []
    for start in range(0, len(sample.rows), 300):
        reply = await backend.predict(sample.rows[start : start + 300], 60)
        assert reply.revision == await revision_of(backend)
        found += [float(str(output)) for output in reply.outputs]
    await backend.aclose()
    # XGBoost adds its 200 trees up in single precision
    agreement(counterpart="coremltools 9.0, its XGBoost converter", outputs=found, tolerance=1e-3)


@pytest.mark.usefixtures("transit")
async def test_doubles_go_another_way_next_to_the_splits_of_an_xgboost_model(sample: SampleModel) -> None:
    found = await outputs(opened("transit", sample.features), sample.rows)
    apart = [abs(float(str(ours)) - theirs) for ours, theirs in zip(found, sample.expected, strict=True)]
    assert max(apart) > 1


@pytest.mark.usefixtures("transit")
async def test_rows_do_not_depend_on_their_neighbours(sample: SampleModel) -> None:
    holes = [row for row in sample.rows if None in row]
    assert holes
    rows = [sample.rows[0], *holes[:2], sample.rows[1]]
    backend = opened("transit", sample.features, single_precision=True)
    together = (await backend.predict(rows, 60)).outputs
    alone = [(await backend.predict([row], 60)).outputs[0] for row in rows]
    backwards = (await backend.predict(rows[::-1], 60)).outputs
    await backend.aclose()
    assert together == alone == backwards[::-1]


@pytest.mark.usefixtures("transit")
async def test_columns_go_by_name(sample: SampleModel) -> None:
    turned = opened("transit", sample.features[::-1], single_precision=True)
    straight = opened("transit", sample.features, single_precision=True)
    rows = sample.rows[:50]
    assert await outputs(turned, [row[::-1] for row in rows]) == await outputs(straight, rows)


@pytest.mark.usefixtures("transit")
async def test_the_revision_names_the_version_that_coremltools_wrote(sample: SampleModel) -> None:
    backend = opened("transit", sample.features)
    revision = await revision_of(backend) or ""
    await backend.aclose()
    assert revision.startswith("2 ")
    assert len(revision) == len("2 ") + 64


@pytest.mark.parametrize("name", CASES)
async def test_every_type_answers_as_its_maker_does(name: str, cases: dict[str, Case]) -> None:
    case, single = cases[name], name.startswith("xgboost")
    tolerance = 1e-5 if single else 1e-12  # XGBoost adds up in single precision
    found = await outputs(opened(name, case.features, single_precision=single), case.rows)
    assert found == [pytest.approx(expected, abs=tolerance, rel=0) for expected in case.outputs]
    if case.labels is not None:
        labelled = opened(name, case.features, single_precision=single, output="y")
        assert await outputs(labelled, case.rows) == case.labels


def test_no_case_is_left_out(cases: dict[str, Case]) -> None:
    assert set(cases) == set(CASES)


def test_a_type_that_needs_macos_is_named() -> None:
    with pytest.raises(BackendRefused, match="it is a supportVectorRegressor, which needs macOS; anywhere"):
        opened("svr")


async def test_a_value_of_the_wrong_type_is_named() -> None:
    backend = opened("texts", ("word", "number"))
    with pytest.raises(InvalidInput, match="'number'"):
        backend.row_bytes(["late", 1.5])
    await backend.aclose()
