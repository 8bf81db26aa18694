"""What is said of Core ML files that cannot be used."""

from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.backends.coreml.evaluator import MAX_DEPTH, SUPPORTED, EvaluatedModel
from app.backends.coreml.format import KINDS, Feature, describe
from app.backends.coreml.wire import Message, UnusableModel
from app.core.errors import BackendRefused
from tests.backends.platforms import coreml as files
from tests.backends.platforms.coreml import opened, outputs

NEEDS_MACOS = sorted({*KINDS.values()} - {*SUPPORTED})


@pytest.mark.parametrize("kind", NEEDS_MACOS)
def test_a_type_that_needs_macos_is_named(kind: str) -> None:
    number = next(number for number, name in KINDS.items() if name == kind)
    with pytest.raises(
        BackendRefused, match=f"'m.mlmodel' cannot be used: it is a {kind}, which needs macOS"
    ):
        opened(files.model(number, b""))
    with pytest.raises(BackendRefused, match=f"it is a {kind}, which needs macOS"):
        opened(files.pipeline(files.VECTOR, files.step(number, b"")))


UNKNOWN = files.field(1, 1) + files.field(2, b"") + files.field(4000, b"")
ONE = files.leaf(1, 1)
TWO = files.leaf(2, 2)
BROKEN_TREES = {
    "no such child": files.trees(files.branch(0, 1, 1, 5), ONE),
    "the same id": files.trees(ONE, ONE),
    "exactly one root": files.trees(ONE, TWO),
    "in a circle": files.trees(
        *(files.branch(0, 1, 1, 3), files.branch(1, 1, 3, 2), files.branch(2, 1, 1, 3), files.leaf(3, 1))
    ),
    "unknown behavior": files.trees(files.branch(0, 1, 1, 2, behavior=9), ONE, TWO),
    "a feature that the model does not have": files.trees(files.branch(0, 1, 1, 2, column=2), ONE, TWO),
    "outside the model's dimensions": files.trees(files.leaf(0, 1, 2)),
    "2 base values": files.trees(ONE, base=[1, 2]),
    "dimensions": files.trees(ONE, dimensions=2**50),
    "postEvaluationTransform 1": files.trees(ONE) + files.field(2, 1),
}
BROKEN_LINEAR = {
    "one offset each": files.weights([1.0, 2.0], offsets=[1.0, 2.0]),
    "not of one length": files.weights([1.0, 2.0], [1.0], offsets=[1.0, 2.0]),
    "do not fit together": files.weights([1.0, 2.0, 3.0], offsets=[1.0]),
    "of 2 numbers": files.weights([1.0, 2.0], [1.0, 2.0], offsets=[1.0, 2.0]),
    "postEvaluationTransform 3": files.weights([1.0, 2.0], offsets=[1.0]) + files.field(3, 3),
}
BROKEN = {
    **{reason: files.model(files.TREE_REGRESSOR, body) for reason, body in BROKEN_TREES.items()},
    **{reason: files.model(files.GLM_REGRESSOR, body) for reason, body in BROKEN_LINEAR.items()},
    "not a Core ML model": b"{}",
    "not a Core ML model, or of": b"",
    "newer than this service": UNKNOWN,
    "not whole": files.LINEAR[:-1],
    "wrong type": files.field(1, 1) + files.field(2, 7) + files.field(900, b""),
    "not UTF-8": files.field(1, 1) + files.field(2, files.field(11, b"\xff")) + files.field(900, b""),
    "'a' is a multiArray": files.model(900, b"", inputs={"a": files.ARRAY, "b": files.DOUBLE}),
    "its inputs are not the version's features: only the model has c; only the version has b": files.model(
        files.GLM_REGRESSOR, b"", inputs={"a": files.DOUBLE, "c": files.DOUBLE}
    ),
    "cannot take 'a', which is not made of numbers": files.model(
        files.GLM_REGRESSOR,
        files.weights([1.0, 2.0], offsets=[0.0]),
        inputs={"a": files.STRING, "b": files.DOUBLE},
    ),
    "3 values for 2 columns": files.pipeline(
        files.VECTOR, files.step(files.SCALER, files.doubles(1, [1, 2, 3]))
    ),
    "a column that is not there": files.pipeline(
        files.VECTOR, files.step(files.EXTRACTOR, files.field(1, 2))
    ),
    "texts or dictionaries": files.pipeline(files.VECTOR, files.step(files.IMPUTER, files.field(3, "x"))),
    "a one-hot encoder is given 2 columns": files.pipeline(
        files.VECTOR, files.step(files.ONE_HOT, files.field(2, files.field(1, 7)))
    ),
    "a one-hot encoder is given 0 columns": files.pipeline(
        files.VECTOR,
        files.step(files.EXTRACTOR, b""),
        files.model(files.ONE_HOT, b"", inputs={"z": files.ARRAY}),
    ),
    "columns of other widths": files.pipeline(
        files.model(
            files.VECTORIZER,
            files.field(1, files.field(1, "a") + files.field(2, 2)),
            outputs={"z": files.ARRAY},
        )
    ),
    "do not fit together.": files.pipeline(files.VECTOR),
    "2 weighted sums do not fit 2 classes": files.classifier(
        files.GLM_CLASSIFIER, files.weights([1.0, 2.0], [1.0, 2.0], offsets=[1.0, 2.0]), [0, 1]
    ),
    "does not fit 1 dimensions for 3 classes": files.classifier(
        files.TREE_CLASSIFIER, files.trees(ONE), [0, 1, 2]
    ),
}
"""A part of what is said of the file, and the file."""


@pytest.mark.parametrize(("reason", "content"), BROKEN.items(), ids=BROKEN)
def test_a_file_that_cannot_be_used_says_why(reason: str, content: bytes) -> None:
    with pytest.raises(BackendRefused) as caught:
        opened(content)
    assert reason in caught.value.detail
    assert "/" not in caught.value.detail


def nested(depth: int) -> bytes:
    content = files.LINEAR
    for _ in range(depth):
        content = files.model(files.PIPELINE, files.field(1, content))
    return content


async def test_pipelines_within_pipelines_have_a_bound() -> None:
    assert await outputs(opened(nested(MAX_DEPTH)), [[1, 2]]) == [12]
    for depth in (MAX_DEPTH + 1, 2000):
        with pytest.raises(BackendRefused, match="more than 32 pipelines within one another"):
            opened(nested(depth))


def test_an_output_that_is_not_there_is_named() -> None:
    with pytest.raises(BackendRefused, match="the output must be one of: y"):
        opened(output="x")


@example(7972, b"\x02", "put")  # a boolean that is 2
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4), st.sampled_from(["put", "cut", "insert"]))
@settings(max_examples=300, deadline=None)
def test_no_damage_to_a_file_is_more_than_a_refusal(place: int, noise: bytes, damage: str) -> None:
    whole = files.classifier(
        files.TREE_CLASSIFIER,
        files.trees(files.branch(0, 1, 1, 2), files.leaf(1, 0.5), files.leaf(2, 1)) + files.field(2, 2),
        [0, 1],
    )
    at = place % len(whole)
    rest = {"put": whole[at + len(noise) :], "insert": whole[at:], "cut": b""}[damage]
    outputs: Sequence[object] = []
    with suppress(UnusableModel):  # what else is raised fails the test
        message = Message(whole[:at] + noise + rest)
        evaluator = EvaluatedModel(message, Feature("label", "int64"))
        outputs = evaluator.predict([[1.0] * len(describe(message).inputs)])
    assert len(outputs) <= 1
