"""Rows as the tensors of the Open Inference Protocol, and tensors as one output per row."""

import json
from collections.abc import Mapping, Sequence

import pytest
from pydantic import JsonValue

from app.backends.wire.tensors import Tensor, TensorForm, TensorFormat, outputs
from app.core.errors import BackendRefused, BackendRejected, BadOutput, InvalidInput, UserCodeError
from app.schemas.rows import Row

OWN: Mapping[str, JsonValue] = {"tensors": "per_feature"}


def made(options: Mapping[str, JsonValue], most: int = 1000) -> TensorFormat:
    return TensorFormat(TensorForm.model_validate(options), ("a", "b"), most)


def sent(rows: Sequence[Row], **options: JsonValue) -> dict[str, JsonValue]:
    body: dict[str, JsonValue] = json.loads(made(options).body(rows))
    return body


def tensor(shape: Sequence[JsonValue], data: JsonValue, name: str = "out") -> Tensor:
    return {"name": name, "shape": [*shape], "datatype": "FP64", "data": data}


def test_one_tensor_holds_all_features_row_by_row() -> None:
    body = sent([[1, 2.5], [True, 4]], tensor_name="x", datatype="FP32", output="out")
    data: JsonValue = [1, 2.5, 1, 4]
    assert body == {
        "inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": data}],
        "outputs": [{"name": "out"}],
    }
    assert "true" not in json.dumps(body)  # which is 1 to Python


@pytest.mark.parametrize(
    ("column", "datatype", "data"),
    [
        ([1, 2], "INT64", [1, 2]),
        ([1, 2.0], "FP64", [1, 2.0]),
        ([1, 2**63], "FP64", [1, 2**63]),
        ([True, False], "BOOL", [True, False]),
        ([True, 2], "INT64", [1, 2]),
        (["x", "é"], "BYTES", ["x", "é"]),
        ([1, None], "FP64", [1, None]),
    ],
    ids=str,
)
def test_a_feature_of_its_own_has_the_datatype_of_its_values(
    column: list[JsonValue], datatype: str, data: JsonValue
) -> None:
    body = sent([[value, 0.5] for value in column], **OWN, null_as="null", content_type="pd")
    first: Tensor = {"name": "a", "shape": [2, 1], "datatype": datatype, "data": data}
    second: Tensor = {"name": "b", "shape": [2, 1], "datatype": "FP64", "data": [0.5, 0.5]}
    expected = {"inputs": [first, second], "parameters": {"content_type": "pd"}}
    assert json.dumps(body, sort_keys=True) == json.dumps(expected, sort_keys=True)


def test_the_options_name_the_shape_and_the_datatype_of_numbers() -> None:
    number: Tensor = {"name": "a", "shape": [1], "datatype": "FP32", "data": [1]}
    text: Tensor = {"name": "b", "shape": [1], "datatype": "BYTES", "data": ["x"]}
    found = sent([[1, "x"]], **OWN, feature_shape="[n]", datatype="FP32")
    assert found == {"inputs": [number, text]}


@pytest.mark.parametrize("way", [{}, OWN], ids=["one", "own"])
def test_null_is_refused_unless_the_options_say_what_it_is(way: Mapping[str, JsonValue]) -> None:
    with pytest.raises(InvalidInput, match="'b' is null"):
        made(way).row([1, None])
    with pytest.raises(InvalidInput, match="'b' is null"):
        made(way).body([[1, None]])
    assert "-1" in json.dumps(sent([[1, None]], **way, null_as=-1))
    assert "null" in json.dumps(sent([[1, None]], **way, null_as="null"))


@pytest.mark.parametrize(
    ("value", "options"),
    [
        ("text", {}),
        ([1], {}),
        ({"a": 1}, OWN),
        (float("nan"), {}),
        (float("inf"), OWN),
        ("\ud800", OWN),
        (1.5, {"datatype": "INT64"}),
        (2**63, {"datatype": "INT64"}),
        (1.5, {**OWN, "datatype": "INT64"}),
        (None, {"datatype": "INT64", "null_as": "null"}),
    ],
    ids=repr,
)
def test_what_no_tensor_can_hold_is_named(value: JsonValue, options: Mapping[str, JsonValue]) -> None:
    with pytest.raises((InvalidInput, UserCodeError), match="'b'"):
        made(options).row([1, value])
    with pytest.raises((InvalidInput, UserCodeError), match="'b'"):
        made(options).body([[1, value]])


def test_rows_that_no_tensor_can_hold_together_are_to_be_sent_alone() -> None:
    text: Row = ["x", 1]
    number: Row = [2, 1]
    with pytest.raises(BackendRejected, match="'a' is text in some rows only"):
        made(OWN).body([text, number])
    assert made(OWN).body([text])
    assert made(OWN).body([number])


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ([[n, None] for n in range(1000)], {"null_as": -1e-300}),
        ([[n, None] for n in range(1000)], {"null_as": "null"}),
        ([[n, None] for n in range(1000)], {**OWN, "null_as": "null"}),
        ([["é", "x"]] * 10, OWN),
    ],
    ids=["number", "null", "own", "text"],
)
def test_a_body_is_as_large_as_its_rows_were_said_to_be(
    rows: list[Row], options: Mapping[str, JsonValue]
) -> None:
    tensors = made(options, len(rows))
    most = tensors.overhead + sum(len(tensors.row(row)) + 1 for row in rows)
    assert most - 4 <= len(tensors.body(rows)) <= most  # a comma less per tensor, and a shorter datatype


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (tensor([2], [1, 2]), [1, 2]),
        (tensor([2, 1], [1, 2]), [1, 2]),
        (tensor([2, 1], [[1], [2]]), [1, 2]),
        (tensor([2, 2], [1, 2, 3, 4]), [[1, 2], [3, 4]]),
        (tensor([2, 2], [[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (tensor([2], ["x", "y"]), ["x", "y"]),
    ],
    ids=str,
)
def test_a_tensor_becomes_one_output_per_row(given: Tensor, expected: list[JsonValue]) -> None:
    assert outputs({"outputs": [given]}, None, 2) == expected


@pytest.mark.parametrize(
    "given",
    [
        tensor([3], [1, 2, 3]),
        tensor([4], [1, 2]),
        tensor([1, 2], [1, 2]),
        tensor([2], [1, 2, 3]),
        tensor([2, 2], [1, 2, 3]),
        tensor([2, 1, 1], [1, 2]),
        tensor([2, 0], []),
        tensor([2, "1"], [1, 2]),
        tensor([], [1, 2]),
        tensor([2], [[1, 2], 3]),
        tensor([2, 1], [[[1]], [[2]]]),
        tensor([2], [{}, 1]),
        tensor([2], None),
        {"name": "out", "data": [1, 2]},
    ],
    ids=str,
)
def test_a_tensor_that_is_not_for_these_rows_is_no_answer(given: Tensor) -> None:
    with pytest.raises(BadOutput):
        outputs({"outputs": [given]}, None, 2)


@pytest.mark.parametrize("given", [tensor([2], [None, 2]), tensor([2, 2], [1, None, 3, 4])], ids=str)
def test_null_is_nan_and_spoils_its_own_row_only(given: Tensor) -> None:
    first, second = outputs({"outputs": [given]}, None, 2)
    assert isinstance(first, BadOutput)
    assert second in (2, [3, 4])


def test_one_of_several_outputs_has_to_be_named() -> None:
    answer: dict[str, JsonValue] = {"outputs": [tensor([1], [1], "minutes"), tensor([1], [2], "spread")]}
    assert outputs(answer, "spread", 1) == [2]
    for wrong in (None, "other"):
        with pytest.raises(BackendRefused, match="minutes, spread"):
            outputs(answer, wrong, 1)
