"""What a call to SageMaker announces, and what its body is: two things."""

import pytest
from pydantic import JsonValue

from app.backends.base import TakesPayloads
from app.backends.sagemaker.calls import chosen
from app.core.errors import InvalidInput
from app.schemas.payloads import Payload
from tests.backends.sagemaker.account import Opener
from tests.support.aws_stub import AwsStub, csv, reply
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer


@pytest.mark.parametrize(
    ("options", "announced", "accept", "body"),
    [
        ({}, "text/csv", "text/csv", b"1\n2"),
        ({"content_type": "text/csv; label_size=0"}, "text/csv; label_size=0", "text/csv", b"1\n2"),
        ({"content_type": "TEXT/CSV;charset=utf-8"}, "TEXT/CSV;charset=utf-8", "text/csv", b"1\n2"),
        ({"csv_header": True}, "text/csv", "text/csv", b"a\n1\n2"),
        ({"content_type": "text/plain", "format": "text/csv"}, "text/plain", "text/csv", b"1\n2"),
        (
            {"content_type": "application/vnd.foo+json; v=1", "accept": "application/vnd.foo+json"},
            *("application/vnd.foo+json; v=1", "application/vnd.foo+json", b"[[1],[2]]"),
        ),
        (
            {"content_type": "text/plain", "format": "application/jsonlines", "rows": "features"},
            *("text/plain", "application/jsonlines", b'{"features":[1]}\n{"features":[2]}'),
        ),
        ({"format": "application/json"}, "application/json", "application/json", b"[[1],[2]]"),
        (
            {"content_type": "application/x-ndjson"},
            "application/x-ndjson",
            "application/jsonlines",
            b"[1]\n[2]",
        ),
    ],
)
async def test_rows_are_one_thing_and_what_they_are_called_another(
    aws: AwsStub, opener: Opener, options: dict[str, JsonValue], announced: str, accept: str, body: bytes
) -> None:
    aws.script(csv("0.5\n0.25\n"))
    assert (await opener(**options).predict([[1], [2]], TIMEOUT)).outputs == [0.5, 0.25]
    (sent,) = aws.requests
    assert (sent.headers["content-type"], sent.headers["accept"], sent.body) == (announced, accept, body)


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/plain", "application/octet-stream", "application/x-npy", "image/png", "csv", "text/", ""),
        *("text/csv; label_size", "text/csv\r\nX: 1", "text/csv; a=b\n", "téxt/csv", "text/csv;"),
    ],
)
async def test_a_type_that_says_nothing_of_the_rows_is_refused(opener: Opener, content_type: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        opener(content_type=content_type)
    assert [fault.field for fault in caught.value.errors] == ["options.content_type"]


@pytest.mark.parametrize(
    ("options", "announced", "outputs"),
    [
        ({"answer_type": "text/csv"}, "text/plain; charset=utf-8", [0.5, 0.25]),
        ({"answer_type": "text/csv", "accept": "*/*"}, "", [0.5, 0.25]),
        ({"answer_type": "text/csv", "csv_reply": "one_line"}, "text/plain", [0.5, 0.25]),
        ({}, "", [0.5, 0.25]),
    ],
)
async def test_an_answer_that_does_not_tell_is_read_as_the_options_tell(
    aws: AwsStub, opener: Opener, options: dict[str, JsonValue], announced: str, outputs: list[JsonValue]
) -> None:
    separator = "," if options.get("csv_reply") else "\n"
    headers = {"Content-Type": announced} if announced else {}
    aws.script(Answer(body=f"0.5{separator}0.25".encode(), headers=headers))
    assert (await opener(**options).predict([[1], [2]], TIMEOUT)).outputs == outputs


@pytest.mark.parametrize(("accept", "asked"), [(None, "application/json"), ("text/csv", "text/csv")])
@pytest.mark.parametrize("through_boto3", [False, True])
async def test_a_payload_says_what_it_is_and_what_is_wanted(
    aws: AwsStub,
    opener: Opener,
    monkeypatch: pytest.MonkeyPatch,
    accept: str | None,
    asked: str,
    through_boto3: bool,
) -> None:
    if through_boto3:
        monkeypatch.setenv(chosen.PLUGINS, "tracing=no_such_module")
    aws.script(reply({"label": "cat"}), csv("1"))
    backend = opener(**({"accept": accept} if accept else {}))
    assert isinstance(backend, TakesPayloads)
    sent = Payload(b"\x89PNG\r\n\0", "image/png")
    assert (await backend.predict_payload(sent, TIMEOUT)).outputs == [{"label": "cat"}]
    await backend.predict([[1]], TIMEOUT)  # which is asked for as before
    first, second = aws.requests
    assert (first.body, first.headers["content-type"]) == (sent.content, "image/png")
    assert (first.headers["accept"], second.headers["accept"]) == (asked, accept or "text/csv")
    assert "accept" in first.headers["authorization"]
    assert second.headers["content-type"] == "text/csv"
