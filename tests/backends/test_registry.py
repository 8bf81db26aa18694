"""What a version's options are refused with, whatever its backend."""

from importlib import import_module

import pytest
from pydantic import JsonValue

from app.backends.registry import BACKENDS, open_backend
from app.backends.sagemaker.transform_options import Transform
from app.core.errors import InvalidInput
from app.core.hosts import Hosts


def refusals(name: str, options: dict[str, JsonValue]) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        open_backend(name, options, ("a",), concurrency=1, hosts=Hosts())
    return {one.field: one.message for one in caught.value.errors}


@pytest.mark.parametrize("name", BACKENDS)
def test_an_unknown_option_is_told_which_there_are(name: str) -> None:
    known = ", ".join(sorted(import_module(BACKENDS[name]).Options.model_fields))
    said = refusals(name, {"content_typ": "text/csv"})
    near = " content_type may be meant;" if "content_type" in known else ""
    assert said["options.content_typ"] == f"there is no such option;{near} there is {known}"
    assert not [message for message in said.values() if "Extra inputs" in message]


def test_within_an_option_those_of_it_are_told() -> None:
    options: dict[str, JsonValue] = {
        "endpoint_name": "a",
        "transform": {"model_name": "a", "instance_type": "ml.m5.xlarge", "instances": 2},
    }
    known = ", ".join(sorted(Transform.model_fields))
    assert refusals("sagemaker", options) == {
        "options.transform.instances": (
            f"there is no such option; instance_type may be meant; there is {known}"
        )
    }
