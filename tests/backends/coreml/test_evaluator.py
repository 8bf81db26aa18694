"""What Core ML models compute, against their formulas."""

import math
import operator
from collections.abc import Sequence

import pytest

from app.core.errors import BackendRejected, BadOutput
from app.schemas.rows import Row
from tests.backends.platforms import coreml as files
from tests.backends.platforms.coreml import opened, outputs

COMPARISONS = [operator.le, operator.lt, operator.ge, operator.gt, operator.eq, operator.ne]


@pytest.mark.parametrize("behavior", range(6))
@pytest.mark.parametrize("missing", [0, 1])
async def test_a_node_compares_as_its_behavior_says(behavior: int, missing: int) -> None:
    nodes = files.branch(0, 1.5, 1, 2, behavior=behavior, column=1, missing=missing)
    body = files.trees(nodes, files.leaf(1, 10), files.leaf(2, -10), base=[0.5])
    values = [1.0, 1.5, math.nextafter(1.5, 2), 2.0]
    expected = [10.5 if COMPARISONS[behavior](value, 1.5) else -9.5 for value in values]
    rows: list[Row] = [[0, value] for value in [*values, None]]
    found = await outputs(opened(files.model(files.TREE_REGRESSOR, body)), rows)
    assert found == [*expected, 10.5 if missing else -9.5]


async def test_trees_of_unequal_depth_in_any_order_add_up() -> None:
    nodes = (
        *(files.leaf(4, 100), files.leaf(9, 300), files.branch(7, 1, 4, 8), files.leaf(3, 200)),
        *(files.branch(8, 5, 3, 9, column=1), files.leaf(1, 0.25, tree=3)),
    )
    found = await outputs(
        opened(files.model(files.TREE_REGRESSOR, files.trees(*nodes))), [[0, 0], [2, 0], [2, 9]]
    )
    assert found == [100.25, 200.25, 300.25]


async def test_single_precision_is_rounded_to_before_a_node_compares() -> None:
    body = files.trees(
        files.branch(0, 0.10000000149011612, 1, 2, behavior=1), files.leaf(1, 1), files.leaf(2, 2)
    )
    content = files.model(files.TREE_REGRESSOR, body)
    assert await outputs(opened(content), [[0.1, 0]]) == [1]
    assert await outputs(opened(content, single_precision=True), [[0.1, 0], [1e300, 0]]) == [2, 2]


def sigmoid(score: float) -> float:
    return 1 / (1 + math.exp(-score))


def shares(*scores: float) -> list[float]:
    total = sum(map(math.exp, scores))
    return [math.exp(score) / total for score in scores]


def probit(score: float) -> float:
    return math.erfc(-score / math.sqrt(2)) / 2


TWO_RESTS = [sigmoid(0.5), sigmoid(-1), sigmoid(2)]
TREE_CLASSES = {
    "two classes, a share": ([0.25], 0, [0.75, 0.25]),
    "two classes, log odds": ([0.5], 2, [1 - sigmoid(0.5), sigmoid(0.5)]),
    "two classes, against the first": ([0.5], 3, [1 - sigmoid(0.5), sigmoid(0.5)]),
    "two classes, each its own": ([0.25, 0.75], 0, [0.25, 0.75]),
    "three classes, shares": ([0.25, 0.5, 0.25], 0, [0.25, 0.5, 0.25]),
    "three classes, softmax": ([0.5, -1, 2], 1, shares(0.5, -1, 2)),
    "three classes, against the first": ([-1, 2], 3, shares(0, -1, 2)),
}
"""A leaf's values, the transform, and the probabilities."""
LINEAR_CLASSES = {
    "two classes, logit": ([0.5], 0, 0, [1 - sigmoid(0.5), sigmoid(0.5)]),
    "two classes, one against the rest": ([0.5], 0, 1, [1 - sigmoid(0.5), sigmoid(0.5)]),
    "two classes, probit": ([0.5], 1, 0, [1 - probit(0.5), probit(0.5)]),
    "three classes, against the first": ([-1, 2], 0, 0, shares(0, -1, 2)),
    "three classes, one against the rest": (
        [0.5, -1, 2],
        0,
        1,
        [part / sum(TWO_RESTS) for part in TWO_RESTS],
    ),
}
"""The weighted sums, the transform, the encoding, and the probabilities."""


def labels(count: int) -> tuple[Sequence[str], Sequence[int]]:
    return ["late", "on time", "early"][:count], [-7, 0, 2**40][:count]


async def check_classes(kind: int, body: bytes, expected: Sequence[float]) -> None:
    best = max(range(len(expected)), key=lambda index: expected[index])
    for names in labels(len(expected)):
        content = files.classifier(kind, body, names)
        (objects,) = await outputs(opened(content), [[0, 0]])
        assert objects == pytest.approx(dict(zip(map(str, names), expected, strict=True)), abs=1e-15)
        assert await outputs(opened(content, output="label"), [[0, 0]]) == [names[best]]


@pytest.mark.parametrize(("values", "transform", "expected"), TREE_CLASSES.values(), ids=TREE_CLASSES)
async def test_what_trees_say_of_classes(values: list[float], transform: int, expected: list[float]) -> None:
    body = files.trees(files.leaf(0, *values), dimensions=len(values)) + files.field(2, transform)
    await check_classes(files.TREE_CLASSIFIER, body, expected)


@pytest.mark.parametrize(
    ("sums", "transform", "encoding", "expected"), LINEAR_CLASSES.values(), ids=LINEAR_CLASSES
)
async def test_what_weighted_sums_say_of_classes(
    sums: list[float], transform: int, encoding: int, expected: list[float]
) -> None:
    body = files.weights(*([1.0, 2.0] for _ in sums), offsets=sums)
    body += files.field(3, transform) + files.field(4, encoding)
    await check_classes(files.GLM_CLASSIFIER, body, expected)


async def test_a_classifier_says_nothing_of_a_row_without_an_answer() -> None:
    content = files.classifier(files.GLM_CLASSIFIER, files.weights([1.0, 2.0], offsets=[3.0]), [0, 1])
    for name in ("label", "p"):
        first, second = await outputs(opened(content, output=name), [[None, 0], [1, 1]])
        assert isinstance(first, BadOutput)
        assert not isinstance(second, BadOutput)


@pytest.mark.parametrize(("transform", "expected"), [(0, 0.5), (1, sigmoid(0.5)), (2, probit(0.5))])
async def test_a_linear_regressor_s_link(transform: int, expected: float) -> None:
    body = files.weights([1.0, 2.0], offsets=[0.5]) + files.field(3, transform)
    found = await outputs(opened(files.model(files.GLM_REGRESSOR, body)), [[0, 0]])
    assert found == [pytest.approx(expected, abs=1e-15)]


async def test_a_tree_regressor_s_link() -> None:
    body = files.trees(files.leaf(0, 0.5)) + files.field(2, 2)
    assert await outputs(opened(files.model(files.TREE_REGRESSOR, body)), [[0, 0]]) == [sigmoid(0.5)]


async def test_several_outputs_are_a_list() -> None:
    body = files.weights([1.0, 0.0], [0.0, 1.0], offsets=[0.0, 5.0])
    content = files.model(files.GLM_REGRESSOR, body, outputs={"y": files.ARRAY})
    assert await outputs(opened(content), [[1, 2], [3, 4]]) == [[1, 7], [3, 9]]


TRANSFORMERS = {
    "scaler, one value": (files.SCALER, files.field(1, 1.0) + files.field(2, 2.0), [3, 4], [8, 10]),
    "scaler, per column": (
        files.SCALER,
        files.doubles(1, [1, 2]) + files.doubles(2, [3, 4]),
        [3, 4],
        [12, 24],
    ),
    "scaler, shift only": (files.SCALER, files.doubles(1, [1, 2]), [3, 4], [4, 6]),
    "imputer, NaN": (files.IMPUTER, files.field(1, 5.0) + files.field(11, math.nan), [None, 4], [5, 4]),
    "imputer, by default": (files.IMPUTER, files.field(1, 5.0), [None, 4], [5, 4]),
    "imputer, a value": (files.IMPUTER, files.field(1, 5.0) + files.field(11, 4.0), [3, 4], [3, 5]),
    "imputer, an integer": (files.IMPUTER, files.field(2, -5) + files.field(12, 4), [3, 4], [3, -5]),
    "imputer, per column": (files.IMPUTER, files.field(4, files.doubles(1, [5, 6])), [3, None], [3, 6]),
    "imputer, integers": (
        *(files.IMPUTER, files.field(5, files.field(1, 5, -6)) + files.field(12, 3)),
        *([3, 3], [5, -6]),
    ),
    "extractor": (files.EXTRACTOR, files.field(1, 1, 1, 0), [3, 4], [4, 4, 3]),
    "extractor, packed": (files.EXTRACTOR, files.field(1, bytes([1, 1, 0])), [3, 4], [4, 4, 3]),
}
"""A step's type and body, a row, and what becomes of it."""


@pytest.mark.parametrize(("kind", "body", "row", "expected"), TRANSFORMERS.values(), ids=TRANSFORMERS)
async def test_a_transformer(kind: int, body: bytes, row: Row, expected: list[float]) -> None:
    assert await outputs(opened(files.pipeline(files.VECTOR, files.step(kind, body))), [row, row]) == [
        expected,
        expected,
    ]


def encoder(*, unknown: int, integers: bool = False) -> bytes:
    categories = (
        files.field(2, files.field(1, 7, -1)) if integers else files.field(1, files.field(1, "x", "y"))
    )
    inputs = {"a": files.INT64 if integers else files.STRING}
    body = categories + files.field(11, unknown)
    return files.model(files.ONE_HOT, body, inputs=inputs, outputs={"z": files.ARRAY})


async def test_categories() -> None:
    backend = opened(encoder(unknown=1), ["a"])
    assert await outputs(backend, [["y"], ["x"], ["q"]]) == [[0, 1], [1, 0], [0, 0]]
    backend = opened(encoder(unknown=1, integers=True), ["a"])
    assert await outputs(backend, [[-1], [7.0], [0]]) == [[0, 1], [1, 0], [0, 0]]


async def test_unknown_categories_are_the_faults_of_their_rows() -> None:
    rows: list[Row] = [["q" if n % 50 == 7 else "xy"[n % 2]] for n in range(1000)]
    found = await outputs(opened(encoder(unknown=0), ["a"]), rows)
    for (value,), output in zip(rows, found, strict=True):
        assert type(output) is BackendRejected if value == "q" else output == [value == "x", value == "y"]
    (alone,) = await outputs(opened(encoder(unknown=0), ["a"]), [["q"]])
    assert isinstance(alone, BackendRejected)


def hot(name: str) -> bytes:
    """A step from a text to ``name hot``, which knows x and y."""
    body = files.field(1, files.field(1, "x", "y"))
    return files.model(files.ONE_HOT, body, inputs={name: files.STRING}, outputs={f"{name} hot": files.ARRAY})


async def test_each_step_may_refuse_rows_of_its_own() -> None:
    texts = dict.fromkeys(files.FEATURES, files.STRING)
    sums = files.model(
        *(files.GLM_REGRESSOR, files.weights([1.0, 2.0, 10.0, 20.0], offsets=[0.0])),
        inputs=dict.fromkeys(["a hot", "b hot"], files.ARRAY),
    )
    whole = files.model(files.PIPELINE, files.field(1, hot("a"), hot("b"), sums), inputs=texts)
    rows: list[Row] = [["x", "x"], ["x", "q"], ["q", "x"], ["q", "q"], ["y", "y"]]
    first, *refused, last = await outputs(opened(whole), rows)
    assert (first, last) == (11, 22)
    assert [type(output) for output in refused] == [BackendRejected] * 3


@pytest.mark.parametrize("unknown", [0, 1])
async def test_a_label_that_is_missing_is_no_category(unknown: int) -> None:
    classes = files.weights([1.0, 2.0], offsets=[0.0]) + files.field(100, files.field(1, "x", "y"))
    label = files.model(files.GLM_CLASSIFIER, classes, outputs={"a": files.STRING})
    hot = files.model(
        *(files.ONE_HOT, files.field(1, files.field(1, "x", "y")) + files.field(11, unknown)),
        inputs={"a": files.STRING},
        outputs={"z": files.ARRAY},
    )
    first, second = await outputs(opened(files.pipeline(label, hot)), [[None, 1], [5, 5]])
    assert isinstance(first, BadOutput)
    assert second == [0, 1]
