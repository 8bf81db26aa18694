from typing import cast

import pytest
from pydantic import JsonValue

from app.backends.base import TakesPayloads
from app.core.errors import BadOutput, InvalidInput
from app.schemas.hosting.explained import parted
from app.schemas.payloads import Payload
from tests.backends.sagemaker.account import Opener
from tests.support.aws_stub import Answer, AwsStub, csv, reply
from tests.support.eventually import TIMEOUT

CONTAINER: dict[str, JsonValue] = {"explainer": {"kind": "container"}}
GOOD: dict[str, JsonValue] = {"prediction": 3.5, "contributions": [1.5], "base_value": 2.0}


async def explained(aws: AwsStub, explaining: Opener, *said: JsonValue) -> list[JsonValue | Exception]:
    aws.script(reply([*said]))
    return [*(await explaining(**CONTAINER).predict([[1.0]] * len(said), TIMEOUT)).outputs]


async def test_a_plain_call_is_as_without_the_option(aws: AwsStub, opener: Opener) -> None:
    aws.script(csv("0.5"), csv("0.5"))
    for options in ({}, CONTAINER):
        assert (await opener(**options).predict([[1]], TIMEOUT)).outputs == [0.5]
    one, other = aws.requests
    kept = ("accept", "content-type", "x-amzn-sagemaker-custom-attributes")
    assert [one.headers.get(name) for name in kept] == [other.headers.get(name) for name in kept]
    assert one.body == other.body


async def test_it_is_asked_by_an_attribute(aws: AwsStub, explaining: Opener) -> None:
    [found] = await explained(aws, explaining, GOOD)
    output, explanation = parted(cast(JsonValue, found))
    assert output == 3.5
    assert explanation == {
        "explainer": "container",
        "base_value": 2.0,
        "contributions": {"a": 1.5},
        "explains": 3.5,
    }
    headers = aws.requests[0].headers
    assert headers["x-amzn-sagemaker-custom-attributes"] == "explain=true"
    assert headers["accept"] == "application/json"


async def test_a_margin_is_what_adds_up(aws: AwsStub, explaining: Opener) -> None:
    said = GOOD | {"prediction": 0.97, "margin": 3.5, "contributions": {"a": 1.5}, "explainer": "xgboost"}
    [found] = await explained(aws, explaining, said)
    output, explanation = parted(cast(JsonValue, found))
    assert output == 0.97
    assert cast(dict[str, JsonValue], explanation)["explains"] == 3.5
    assert cast(dict[str, JsonValue], explanation)["explainer"] == "xgboost"


async def test_several_numbers_have_lists(aws: AwsStub, explaining: Opener) -> None:
    said: JsonValue = {"prediction": [1.0, 2.0], "contributions": [[0.5, 1.5]], "base_value": [0.5, 0.5]}
    [found] = await explained(aws, explaining, said)
    explanation = cast(dict[str, JsonValue], parted(cast(JsonValue, found))[1])
    assert explanation["contributions"] == {"a": [0.5, 1.5]}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"base_value": 2.0002}, "does not add up: the base value and the contributions make 3.5002"),
        ({"base_value": None}, "no numbers as base_value"),
        ({"base_value": [1.0, 1.0]}, "2 base values for 1 numbers"),
        ({"contributions": [1.0, 0.5]}, "not one for each of a"),
        ({"contributions": {"b": 1.5}}, "not one for each of a"),
        ({"contributions": ["1.5"]}, "no numbers as contributions"),
        ({"prediction": "yes"}, "no numbers as margin or prediction"),
    ],
)
async def test_what_explains_nothing_is_the_rows_own_fault(
    aws: AwsStub, explaining: Opener, change: dict[str, JsonValue], fault: str
) -> None:
    good, bad = await explained(aws, explaining, GOOD, GOOD | change)
    assert parted(cast(JsonValue, good))[0] == 3.5
    assert isinstance(bad, BadOutput)
    assert fault in bad.detail


async def test_rounding_is_no_fault(aws: AwsStub, explaining: Opener) -> None:
    large: dict[str, JsonValue] = {"prediction": 1e6, "contributions": [5e5], "base_value": 500_000.5}
    small = GOOD | {"base_value": 2.00009}
    for found in await explained(aws, explaining, large, small):
        assert not isinstance(found, BadOutput)


async def test_a_container_that_knows_no_explanations_is_told_so(aws: AwsStub, explaining: Opener) -> None:
    [found] = await explained(aws, explaining, 0.5)
    assert isinstance(found, BadOutput)
    assert "custom attribute explain=true" in found.detail


async def test_the_versions_own_attributes_stay(aws: AwsStub, explaining: Opener) -> None:
    aws.script(reply([GOOD]))
    await explaining(**CONTAINER, custom_attributes="team=a").predict([[1.0]], TIMEOUT)
    assert aws.requests[0].headers["x-amzn-sagemaker-custom-attributes"] == "team=a,explain=true"


async def test_what_is_made_whole_has_nothing_to_explain(aws: AwsStub, explaining: Opener) -> None:
    for explainer in (CONTAINER, {"explainer": {"kind": "clarify"}}):
        backend = explaining(**explainer)
        assert isinstance(backend, TakesPayloads)
        with pytest.raises(InvalidInput) as raised:
            await backend.predict_payload(Payload(b"...", "image/png"), TIMEOUT)
        assert [fault.field for fault in raised.value.errors] == ["explain"]
    assert aws.requests == []


async def test_an_explained_answer_that_announces_nothing_is_what_was_asked_for(
    aws: AwsStub, explaining: Opener
) -> None:
    aws.script(Answer(body=reply([GOOD]).body))
    backend = explaining(**CONTAINER, answer_type="text/csv")
    [found] = (await backend.predict([[1.0]], TIMEOUT)).outputs
    assert parted(cast(JsonValue, found))[0] == 3.5
