"""What ``make test-mine`` says of functions that break their contract: which value, and why."""

import datetime
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel, JsonValue

from app.schemas.payloads import Payload
from app.services.use_case import load
from tests.mine import calls
from tests.mine.elsewhere import RESULTS, ROWS, made_elsewhere
from tests.support.use_case import changed


class Point(BaseModel):
    x: float
    y: str = "a"


POINTS = [Point(x=float(place * 7 % 5)) for place in range(10)]
Broken = Callable[[list[Point]], object]
SEEN = set[float]()


def rows_of(preprocess: Broken) -> None:
    use_case = changed(FEATURES=("x", "y"), preprocess=preprocess, InputObject=Point)
    calls.check_independence(partial(calls.preprocessed, use_case), POINTS, 5)


def results_of(postprocess: Callable[[list[JsonValue]], object], outputs: Sequence[JsonValue]) -> None:
    use_case = changed(postprocess=postprocess)
    calls.check_independence(partial(calls.postprocessed, use_case), outputs, 5)


def cell(value: object) -> Broken:
    return lambda items: [[item.x, value] for item in items]


def yielding(items: list[Point]) -> object:
    for item in items:
        yield [item.x, 1]


async def awaited(items: list[Point]) -> object:
    return [[item.x, 1] for item in items]


def keeping(items: list[Point]) -> object:
    SEEN.update(item.x for item in items)
    return [[item.x, len(SEEN)] for item in items]


def sorting(items: list[Point]) -> object:
    items.sort(key=lambda item: item.x)
    return [[item.x, 1] for item in items]


def writing(items: list[Point]) -> object:
    for item in items:
        item.y += "b"
    return [[item.x, 1] for item in items]


@pytest.mark.parametrize(
    ("preprocess", "said"),
    [
        (lambda items: None, "preprocess returned None; expected is a list of 1, one row for each value"),
        (yielding, "preprocess returned a generator: it must return, not yield; expected is a list"),
        (awaited, "preprocess returned a coroutine: it must be a plain def, not async; expected is a list"),
        (lambda items: {"x": 1}, "preprocess returned a dict: {'x': 1}; expected is a list"),
        (lambda items: "a", "preprocess returned a str: 'a'; expected is a list"),
        (lambda items: np.zeros((len(items), 2)), "preprocess returned a ndarray: "),
        (lambda items: [], "preprocess returned 0 rows; expected is a list of 1"),
        (lambda items: [{"x": 1, "y": 2} for _ in items], "a row is a list of cells, and this is a dict"),
        (lambda items: ["ab" for _ in items], "makes 'ab' of Point(x=0.0, y='a'): a row is a list of cells"),
        (lambda items: [[item.x] for item in items], "1 cells for 2 FEATURES ('x', 'y')"),
        (cell({1, 2}), "Point(x=0.0, y='a'): the feature 'y' is a set; a cell is a number"),
        (cell(np.float32(1)), "the feature 'y' is a float32; a cell is a number"),
        (cell(np.int64(1)), "the feature 'y' is a int64; a cell is a number"),
        (cell(np.bool_(1)), "the feature 'y' is a bool; a cell is a number"),
        (cell(Decimal(1)), "the feature 'y' is a Decimal; a cell is a number"),
        (cell(datetime.date(2020, 1, 1)), "the feature 'y' is a date; a cell is a number"),
        (cell([1]), "the feature 'y' is a list; a cell is a number"),
        (cell(float("nan")), "the feature 'y' cannot be kept: a number must be finite"),
        (cell("\0"), "the feature 'y' cannot be kept: text must not contain U+0000"),
        (keeping, "and among others [0.0, 5]"),
        (sorting, "preprocess changes what it is given"),
        (writing, "preprocess changes what it is given"),
        (lambda items: [[x, 1] for x in dict.fromkeys(item.x for item in items)], "returned 5 rows"),
        (lambda items: [Payload(b"", "image/png") for _ in items], "its content is empty"),
        (lambda items: [Payload(b"x", "png") for _ in items], "no media type"),
        (lambda items: [Payload(random.randbytes(9), "image/png") for _ in items], "and among others"),
        (lambda items: [[item.x, random.random()] for item in items], "and among others [0.0, "),
        (lambda items: [[item.x, len(items) > 10] for item in items], "with some values twice [1.0, True]"),
        (lambda items: [[item.x, len(items) == 1] for item in items], "makes [0.0, True], and among others"),
        (
            lambda items: [[item.x, place > 5] for place, item in enumerate(items)],
            "makes [4.0, True], and in another order",
        ),
    ],
)
def test_rows(preprocess: Broken, said: str) -> None:
    SEEN.clear()
    with pytest.raises(AssertionError) as caught:
        rows_of(preprocess)
    assert said in str(caught.value)


def in_place(outputs: list[JsonValue]) -> object:
    outputs.sort(key=str)
    return outputs


@pytest.mark.parametrize(
    ("postprocess", "said"),
    [
        (lambda outputs: None, "postprocess returned None"),
        (lambda outputs: (one for one in outputs), "postprocess returned a generator"),
        (in_place, "postprocess changes what it is given"),
        (lambda outputs: [sorted(outputs).index(one) for one in outputs], "3 makes 0, and among others 2"),
        (lambda outputs: [{1, 2} for _ in outputs], "makes {1, 2} of 3: is a set, which JSON has not"),
        (lambda outputs: [(one, 1) for one in outputs], "is a tuple, which JSON has not"),
        (lambda outputs: [{"a": [np.float32(1)]} for _ in outputs], "a[0] is a float32, which JSON has not"),
        (lambda outputs: [{1: one} for one in outputs], "has a key 1, and keys are texts"),
        (lambda outputs: [float("inf") for _ in outputs], "a number must be finite"),
    ],
)
def test_results(postprocess: Callable[[list[JsonValue]], object], said: str) -> None:
    with pytest.raises(AssertionError) as caught:
        results_of(postprocess, [3, 1, 2, 5])
    assert said in str(caught.value)


def test_what_keeps_the_contract_passes() -> None:
    rows_of(lambda items: [(item.x, np.float64(item.x)) for item in items])
    rows_of(lambda items: [Payload(b"%d" % int(item.x), "image/png") for item in items])
    results_of(lambda outputs: [{"label": one, "rest": [None, True]} for one in outputs], [3, 1, 2, 5, 3])


PREPROCESS = """
import datetime, time
from datetime import date, datetime as moment
from time import localtime
FEATURES = ("x",)
SEEN = set()
def preprocess(items):
    print("not for standard output")
    SEEN.update(item.x for item in items)
    return [[{cell}] for item in items]
"""
EVALUATION = "LABEL = 'truth'\nLabel = float\nMETRICS = ('mae',)\n"
CELLS = [
    *("hash(str(item.x)) % 1000", "len(SEEN)", "list({'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'})[0]"),
    *("int(time.time() // 3600)", "localtime().tm_year", "datetime.date.today().isoformat()"),
    *("date.today().year", "moment.now().hour", "moment.now(datetime.UTC).year", "moment.utcnow().year"),
]


def write_package(folder: Path, cell: str) -> None:
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "input_object.py").write_text(
        "from pydantic import BaseModel\nclass InputObject(BaseModel):\n    x: float\n"
    )
    (folder / "preprocess.py").write_text(PREPROCESS.format(cell=cell))
    (folder / "postprocess.py").write_text(
        "def postprocess(outputs):\n    return [hash(str(one)) for one in outputs]\n"
    )
    (folder / "evaluation.py").write_text(EVALUATION)


def test_another_process_tells_what_one_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All cells at once: each differs from what it was in the process that asks."""
    monkeypatch.syspath_prepend(tmp_path)
    write_package(tmp_path / "broken_elsewhere", f"str([{', '.join(CELLS)}])")
    monkeypatch.setenv("PYTHONHASHSEED", "1")  # as a user may have it; the other process takes another
    use_case = load("broken_elsewhere")
    inputs: list[JsonValue] = [{"x": 1.0}, {"x": 2.0}, {"x": 3.0}]
    items = [use_case.input_type.model_validate(one) for one in inputs]
    ours = calls.preprocessed(use_case, items)
    theirs = made_elsewhere("broken_elsewhere", ROWS, inputs)
    for name, here, there in zip(CELLS, _columns(ours), _columns(theirs), strict=True):
        assert here != there or name.startswith("list("), name  # an order may be the same by chance
    with pytest.raises(AssertionError, match="in another process"):
        calls.check_same(items, ours, theirs, "in another process")
    assert made_elsewhere("broken_elsewhere", RESULTS, ["a"]) != calls.postprocessed(use_case, ["a"])
    with pytest.raises(AssertionError, match="in a process of its own it fails"):
        made_elsewhere("broken_elsewhere", ROWS, [{"x": "?"}])


def _columns(rows: list[JsonValue]) -> list[tuple[str, ...]]:
    cells = [str(row[0])[1:-1].split(", ") for row in rows if isinstance(row, list)]
    return list(zip(*cells, strict=True))
