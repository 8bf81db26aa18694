"""The platforms' options: told in words, and read from NAME=VALUE."""

import sys

import pytest
from pydantic import JsonValue

from app.backends.registry import BACKENDS, options_of, parse
from app.core.errors import InvalidInput
from app.services.models import backend_options


@pytest.mark.parametrize("name", BACKENDS)
def test_each_option_has_a_type_and_a_help(name: str) -> None:
    told = backend_options.options(name)
    outer = [one for one in told if "." not in one.name]
    assert {one.name for one in outer} == set(options_of(name).model_fields)
    assert [one.name for one in outer if one.needed] == [
        one.name for one in outer[: sum(one.needed for one in outer)]
    ]
    assert not [one for one in told if not one.type or not one.help or "Any" in one.type]
    [own] = [one for one in backend_options.backends() if one.name == name]
    assert own.needed == [one.name for one in outer if one.needed]


def test_types_in_words() -> None:
    told = {one.name: one for one in backend_options.options("sagemaker")}
    assert told["max_rows"].type == "whole number, 1 to 10000"
    assert told["csv_reply"].type == "lines | one_line"
    assert told["transform.tags"].type == "object of names and values"
    assert (told["transform"].type, told["transform.model_name"].needed) == ("object", True)
    assert told["batch_rows"].default == 64


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("sagemaker", "endpoint_name=123", {"endpoint_name": "123"}),
        ("sagemaker", "batch_rows=7", {"batch_rows": 7}),
        ("sagemaker", "custom_attributes=true", {"custom_attributes": "true"}),
        ("sagemaker", "custom_attributes=a=b", {"custom_attributes": "a=b"}),
        ("sagemaker", "csv_header=true", {"csv_header": True}),
        ("sagemaker", 'transform={"model_name": "m"}', {"transform": {"model_name": "m"}}),
        ("sagemaker", "transform.tags.bill to=7", {"transform": {"tags": {"bill to": "7"}}}),
        ("kserve", "tensor_form.feature_shape=[n]", {"tensor_form": {"feature_shape": "[n]"}}),
        ("vertex", "parameters.threshold=0.5", {"parameters": {"threshold": 0.5}}),
        ("vertex", "parameters.a.b=text", {"parameters": {"a": {"b": "text"}}}),
        ("mlflow", "no_such=[1]", {"no_such": [1]}),
    ],
)
def test_a_value_is_json_where_the_option_takes_that(name: str, text: str, value: JsonValue) -> None:
    assert backend_options.read(name, [text], {}) == value


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        (["x"], "--option", "takes NAME=VALUE"),
        (["=1"], "--option", "takes NAME=VALUE"),
        (["a..b=1"], "--option", "takes NAME=VALUE"),
        (["version=1", "version=1"], "options.version", "is given twice"),
        (["url=a"], "options.url", "is given twice"),
        (["tensor_form=a", "tensor_form.output=b"], "options.tensor_form.output", "is given twice"),
    ],
)
def test_what_cannot_be_read_is_named(given: list[str], field: str, message: str) -> None:
    base: dict[str, JsonValue] = {"url": "http://here"}
    with pytest.raises(InvalidInput) as caught:
        backend_options.read("mlflow", given, base)
    [fault] = caught.value.errors
    assert (fault.field, fault.message[: len(message)]) == (field, message)
    assert base == {"url": "http://here"}


def test_an_unknown_one_has_the_nearest_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("mlflow", {"ulr": "http://here"})
    assert "url may be meant" in {one.field: one.message for one in caught.value.errors}["options.ulr"]


def test_a_platform_whose_package_is_missing_is_listed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "other", "app.backends.not_there")
    monkeypatch.delitem(sys.modules, "app.backends.not_there", raising=False)
    [other] = [one for one in backend_options.backends() if one.name == "other"]
    assert "needs the package" in other.help
