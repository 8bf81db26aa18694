"""Rows of each form as the lines of a batch transform job, and what it takes none of."""

from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from app.backends.sagemaker.options import Options
from app.backends.sagemaker.transforms.transform import TransformJobs, open_transform_jobs
from app.backends.sagemaker.transforms.transform_request import job_request
from app.core.errors import InvalidInput, UserCodeError
from app.schemas.payloads import Payload
from tests.backends.sagemaker.account import Opener

TRANSFORM: dict[str, JsonValue] = {"model_name": "churn-3", "instance_type": "ml.m5.xlarge"}
PLAIN: dict[str, JsonValue] = {"content_type": "text/plain", "format": "application/jsonlines"}


def given(**options: JsonValue) -> dict[str, JsonValue]:
    return {"endpoint_name": "churn", "transform": TRANSFORM, **options}


def jobs(**options: JsonValue) -> TransformJobs:
    return open_transform_jobs(given(**options), ["a", "b"])


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"content_type": "text/csv; label_size=0"}, b"1,x"),
        (PLAIN, b'[1,"x"]'),
        (PLAIN | {"rows": "features"}, b'{"features":[1,"x"]}'),
        (PLAIN | {"rows": "objects"}, b'{"a":1,"b":"x"}'),
        (
            PLAIN | {"rows": "objects", "transform": TRANSFORM | {"match": "id"}},
            b'{"id":"r1","features":{"a":1,"b":"x"}}',
        ),
    ],
)
def test_a_row_is_a_line_of_its_form(options: Mapping[str, JsonValue], line: bytes) -> None:
    assert jobs(**options).line([1, "x"], "r1") == line


def test_a_payload_is_no_line() -> None:
    with pytest.raises(UserCodeError, match="batch transform takes rows only"):
        jobs().line(Payload(b"x", "image/png"), "r1")


@pytest.mark.parametrize(
    ("options", "announced", "accept"),
    [
        ({}, "text/csv", "text/csv"),
        ({"content_type": "text/csv; label_size=0"}, "text/csv; label_size=0", "text/csv"),
        (PLAIN, "text/plain", "application/jsonlines"),
        (PLAIN | {"accept": "text/x-lines", "answer_type": "text/csv"}, "text/plain", "text/x-lines"),
    ],
)
def test_a_job_is_told_what_its_lines_are_called(
    options: Mapping[str, JsonValue], announced: str, accept: str
) -> None:
    parsed = Options.model_validate(given(**options))
    assert parsed.transform
    made = job_request(parsed, parsed.transform, ["a"], name="job", source="s3://b/i/", target="s3://b/o/")
    assert made["TransformInput"].get("ContentType") == announced
    assert made["TransformOutput"].get("Accept") == accept


def test_answers_are_what_the_options_say() -> None:
    told = jobs(**PLAIN, accept="text/x-lines", answer_type="text/csv")
    assert told.outputs(b"1.5\n2\n", ["r1", "r2"]) == [1.5, 2]


@pytest.mark.parametrize(
    "options",
    [
        {"csv_header": True},
        {"content_type": "application/json", "rows": "features"},
        {"accept": "text/x-lines"},
        PLAIN | {"accept": "text/csv", "transform": TRANSFORM | {"match": "id"}},
    ],
)
async def test_what_has_no_lines_is_refused(opener: Opener, options: Mapping[str, JsonValue]) -> None:
    with pytest.raises(InvalidInput) as caught:
        opener(**given(**options))
    assert "transform" in caught.value.errors[0].message
