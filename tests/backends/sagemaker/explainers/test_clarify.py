import math
from typing import cast

import pytest
from pydantic import JsonValue

from app.backends.base import TakesPayloads
from app.core.errors import BadOutput, InvalidInput
from app.schemas.hosting.explained import parted
from app.schemas.payloads import Payload
from tests.backends.sagemaker.account import Opener
from tests.support.aws_stub import AwsStub, reply
from tests.support.eventually import TIMEOUT

CLARIFY: dict[str, JsonValue] = {"explainer": {"kind": "clarify"}}


def feature(*each: float) -> JsonValue:
    return {"attributions": [{"attribution": [*each]}]}


def document(
    data: str, *rows: JsonValue, kind: str = "text/csv; charset=utf-8", **more: JsonValue
) -> JsonValue:
    explanations: JsonValue = {"kernel_shap": [*rows]} if rows else {}
    predictions: JsonValue = {"content_type": kind, "data": data}
    return {"version": "1.0", "predictions": predictions, "explanations": explanations, **more}


async def explained(
    aws: AwsStub, explaining: Opener, said: JsonValue, rows: int = 1, **explainer: JsonValue
) -> list[JsonValue | Exception]:
    aws.script(reply(said))
    found = await explaining(explainer={"kind": "clarify", **explainer}).predict([[1.0]] * rows, TIMEOUT)
    return [*found.outputs]


async def test_a_plain_call_has_nothing_explained(aws: AwsStub, opener: Opener) -> None:
    aws.script(reply(document("0.5\n0.25")))
    assert (await opener(**CLARIFY).predict([[1], [2]], TIMEOUT)).outputs == [0.5, 0.25]
    assert aws.requests[0].headers["x-amzn-sagemaker-enable-explanations"] == "`false`"


async def test_without_the_option_nothing_is_sent(aws: AwsStub, opener: Opener) -> None:
    aws.script(reply([0.5]))
    await opener(content_type="application/json").predict([[1]], TIMEOUT)
    assert "x-amzn-sagemaker-enable-explanations" not in aws.requests[0].headers


async def test_a_version_that_does_not_know_of_it_is_told_so(aws: AwsStub, opener: Opener) -> None:
    aws.script(reply(document("0.5")))
    with pytest.raises(BadOutput, match="which the option explainer has to say"):
        await opener().predict([[1]], TIMEOUT)
    aws.script(reply({"score": 0.5}))
    with pytest.raises(BadOutput, match="neither a list nor an object"):
        await opener().predict([[1]], TIMEOUT)


async def test_contributions_and_what_is_left_make_the_output(aws: AwsStub, explaining: Opener) -> None:
    [found] = await explained(aws, explaining, document("0.75\n", [feature(0.25)]))
    output, explanation = parted(cast(JsonValue, found))
    assert output == 0.75
    assert explanation == {
        "explainer": "clarify",
        "base_value": 0.5,
        "contributions": {"a": 0.25},
        "explains": 0.75,
    }
    assert aws.requests[0].headers["x-amzn-sagemaker-enable-explanations"] == "`true`"


async def test_each_class_has_its_own(aws: AwsStub, explaining: Opener) -> None:
    said = document("0.75,0.25", [feature(0.5, -0.5)], label_headers=["yes", "no"])
    [found] = await explained(aws, explaining, said)
    output, explanation = parted(cast(JsonValue, found))
    assert output == [0.75, 0.25]
    assert explanation == {
        "explainer": "clarify",
        "base_value": [0.25, 0.75],
        "contributions": {"a": [0.5, -0.5]},
        "explains": [0.75, 0.25],
        "labels": ["yes", "no"],
    }


async def test_of_several_values_one_is_explained(aws: AwsStub, explaining: Opener) -> None:
    [found] = await explained(aws, explaining, document("yes,0.75", [feature(0.25)]), explains=1)
    output, explanation = parted(cast(JsonValue, found))
    assert (output, cast(dict[str, JsonValue], explanation)["base_value"]) == (["yes", 0.75], 0.5)
    lines = document('{"p": 0.75}', [feature(0.25)], kind="application/jsonlines")
    [found] = await explained(aws, explaining, lines, explains="p")
    assert parted(cast(JsonValue, found))[1] == explanation


async def test_a_logit_is_explained_where_clarify_uses_it(aws: AwsStub, explaining: Opener) -> None:
    [found] = await explained(aws, explaining, document("0.75", [feature(1.0)]), use_logit=True)
    explanation = cast(dict[str, JsonValue], parted(cast(JsonValue, found))[1])
    assert explanation["explains"] == pytest.approx(math.log(3))
    assert explanation["base_value"] == pytest.approx(math.log(3) - 1)


async def test_the_parts_of_a_text_are_added_up(aws: AwsStub, explaining: Opener) -> None:
    parts: JsonValue = [
        {"attribution": [0.125], "description": {"partial_text": "good", "start_idx": 0}},
        {"attribution": [0.25], "description": {"partial_text": "product", "start_idx": 5}},
    ]
    [found] = await explained(
        aws, explaining, document("0.5", [{"attributions": parts, "feature_type": "text"}])
    )
    explanation = cast(dict[str, JsonValue], parted(cast(JsonValue, found))[1])
    assert explanation["contributions"] == {"a": 0.375}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (None, "explained no features of 1"),
        ([feature(0.25), feature(0.5)], "explained 2 features of 1"),
        ([feature(0.25, 0.5)], "2 contributions of 'a' to 1 numbers"),
        ([feature(math.nan)], "no numbers as attribution"),
        ([feature(10**400)], "no numbers as attribution"),
        ([{"attributions": [{"attribution": [1.7e308]}] * 2}], "too large to be added up"),
        ([{"attributions": []}], "a feature has no attributions"),
        ([{}], "a feature has no attributions"),
    ],
)
async def test_what_explains_nothing_is_the_rows_own_fault(
    aws: AwsStub, explaining: Opener, row: JsonValue, said: str
) -> None:
    good, bad = await explained(aws, explaining, document("1\n2", [feature(0.5)], row), rows=2)
    assert parted(cast(JsonValue, good))[0] == 1
    assert isinstance(bad, BadOutput)
    assert said in bad.detail


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (document("1"), "no explanations for 1 rows"),
        (document("1", [feature(1)], [feature(1)]), "2 explanations for 1 rows"),
        ({"predictions": [0.5]}, "Has the endpoint an explainer?"),
        ({"predictions": {"data": 1}}, "no text with a content type"),
    ],
)
async def test_another_form_is_no_answer(
    aws: AwsStub, explaining: Opener, said: JsonValue, fault: str
) -> None:
    with pytest.raises(BadOutput) as raised:
        await explained(aws, explaining, said)
    assert fault in raised.value.detail


async def test_an_output_that_is_no_number_asks_for_the_option(aws: AwsStub, explaining: Opener) -> None:
    for option in ({}, {"explains": 3}):
        [found] = await explained(aws, explaining, document("yes,0.75", [feature(0.25)]), **option)
        assert isinstance(found, BadOutput)
        assert "option explainer.explains" in found.detail


def test_clarify_reads_lines_only(opener: Opener) -> None:
    with pytest.raises(InvalidInput) as raised:
        opener(content_type="application/json", **CLARIFY)
    assert "text/csv or application/jsonlines" in raised.value.errors[0].message


async def test_a_payload_is_read_from_its_form_too(aws: AwsStub, opener: Opener) -> None:
    aws.script(reply(document("0.5", kind="text/csv")))
    backend = opener(**CLARIFY)
    assert isinstance(backend, TakesPayloads)
    reply_ = await backend.predict_payload(Payload(b"a good product", "text/csv"), TIMEOUT)
    assert reply_.outputs == [0.5]
    assert aws.requests[0].headers["x-amzn-sagemaker-enable-explanations"] == "`false`"
