"""The sample artifacts: what they hold, how good they are, and how their code answers."""

import importlib
import json
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from app.local.endpoint import toolkit
from examples.transit import train
from examples.transit.preprocess import FEATURES, preprocess

ROW = "40.6,-73.8,28.4,-81.3,1516.5,660,1,3,1.02"


@pytest.fixture(scope="module")
def model_code() -> ModuleType:
    toolkit.install()
    return importlib.import_module("examples.transit.model_code")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artifacts")
    train.build(folder, "2")
    with tarfile.open(folder / "transit-2.tar.gz") as tar:
        tar.extractall(folder, filter="data")
    return folder


def test_an_artifact_is_the_same_bytes_every_time(folder: Path, tmp_path: Path) -> None:
    again = train.build(tmp_path, "2")
    assert again.read_bytes() == (folder / "transit-2.tar.gz").read_bytes()
    assert again.read_bytes()[4:8] == bytes(4)  # gzip's time, which two builds in one second would share
    assert [path.name for path in tmp_path.iterdir()] == ["transit-2.tar.gz"]


def test_an_artifact_holds_the_model_and_its_code(folder: Path) -> None:
    with tarfile.open(folder / "transit-2.tar.gz") as tar:
        assert tar.getnames() == ["code/inference.py", "model.ubj"]
        assert {member.mtime for member in tar.getmembers()} == {0}


def test_version_2_errs_by_at_most_7_and_a_half_minutes_after_june(
    folder: Path, model_code: ModuleType
) -> None:
    known = [order for order in train.orders() if order.minutes is not None]
    later = [order for order in known if order.item.scheduled_at.month > train.LAST_TRAINING_MONTH]
    columns = [FEATURES.index(name) for name in train.VERSIONS["2"]]
    rows = [[row[column] for column in columns] for row in preprocess([order.item for order in later])]
    array = model_code.input_fn(json.dumps(rows), "application/json")
    minutes = model_code.predict_fn(array, model_code.model_fn(str(folder)))
    errors = [abs(guess - (order.minutes or 0)) for guess, order in zip(minutes, later, strict=True)]
    assert len(errors) > 7000
    assert sum(errors) / len(errors) <= 7.5


def test_no_truth_is_invented() -> None:
    assert len(train.orders()) > 14_000
    assert sum(order.minutes is None for order in train.orders()) == 433


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", f"{ROW}\n{ROW.replace('1.02', '')}\n"),
        ("text/csv; charset=utf-8", f"{ROW}\r\n{ROW.replace('1.02', '')}"),
        ("application/json", f"[[{ROW}],[{ROW.replace('1.02', 'null')}]]"),
        ("application/jsonlines", f"[{ROW}]\n[{ROW.replace('1.02', 'null')}]\n".encode()),
    ],
)
def test_each_content_type_gives_the_same_rows(model_code: ModuleType, content_type: str, body: str) -> None:
    first, second = model_code.input_fn(body, content_type).tolist()
    assert first == pytest.approx([float(cell) for cell in ROW.split(",")])
    assert second[:-1] == first[:-1]
    assert second[-1] != second[-1]  # a missing value is NaN


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/x-npy", "", 415),
        ("text/csv", f"{ROW}\n1,2", 400),
        ("text/csv", ROW.replace("1.02", "soon"), 400),
        ("application/json", "[[1, 2", 400),
        ("application/json", '[[{"a": 1}]]', 400),
    ],
)
def test_what_is_no_row_is_refused(model_code: ModuleType, content_type: str, body: str, status: int) -> None:
    with pytest.raises(toolkit.errors.GenericInferenceToolkitError) as raised:
        model_code.input_fn(body, content_type)
    assert raised.value.status_code == status


def test_rows_of_another_width_are_refused(folder: Path, model_code: ModuleType) -> None:
    array = model_code.input_fn("1,2,3", "text/csv")
    with pytest.raises(toolkit.errors.GenericInferenceToolkitError, match="must have 9 values, these have 3"):
        model_code.predict_fn(array, model_code.model_fn(str(folder)))


def test_answers_come_in_the_type_that_was_asked_for(model_code: ModuleType) -> None:
    assert model_code.output_fn([1.5, 2.0], "application/json") == ("[1.5, 2.0]", "application/json")
    assert model_code.output_fn([1.5, 2.0], "text/csv") == ("1.5\n2.0\n", "text/csv")
    assert model_code.output_fn([1.5], "application/jsonlines") == ("1.5\n", "application/jsonlines")
    with pytest.raises(toolkit.errors.GenericInferenceToolkitError, match="image/png"):
        model_code.output_fn([1.5], "image/png")
