"""Explainers that could never answer, or would always be paid for, are refused at registration."""

import pytest
from pydantic import JsonValue

from app.backends.registry import parse
from app.core.errors import InvalidInput

CONTAINER: dict[str, JsonValue] = {"endpoint_name": "e", "explainer": {"kind": "container"}}
CLARIFY: dict[str, JsonValue] = {"endpoint_name": "e", "explainer": {"kind": "clarify"}}


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (CONTAINER | {"custom_attributes": "x" * 1012}, "may have 1011 characters"),
        (CONTAINER | {"custom_attributes": "a=1,explain=true"}, "each prediction would be explained"),
        (CONTAINER | {"rows": "tensors", "content_type": "application/json"}, "answers objects"),
        (CLARIFY | {"csv_header": True}, "does not go with csv_header"),
    ],
)
def test_what_does_not_go_together(options: dict[str, JsonValue], fault: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("sagemaker", options)
    assert fault in caught.value.errors[0].message


def test_as_many_attributes_as_there_is_room_for() -> None:
    for kind, most in ((CONTAINER, 1011), (CLARIFY, 1024)):
        parsed = parse("sagemaker", kind | {"custom_attributes": "x" * most})
        assert len(parsed.model_dump()["custom_attributes"]) == most
