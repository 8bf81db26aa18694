"""Lines with the ids of their rows, and answers that are matched by them."""

import pytest

from app.backends.sagemaker.transforms.transform_lines import by_id, filters, line_id, with_id
from app.backends.wire.formats import ContentType
from app.core.errors import BadOutput
from app.local.endpoint.transforms.processing import LineProcessing
from app.local.endpoint.transforms.shapes import DataProcessingShape

IDS = [line_id(name, "hash") for name in ("a", "b", "c")]
KINDS: list[ContentType] = ["text/csv", "application/jsonlines"]


def test_an_id_is_of_the_record_and_of_what_it_holds() -> None:
    known = {line_id(*pair) for pair in (("a", "bc"), ("ab", "c"), ("a", "b"), ("é,\n", ""), ("1e5", ""))}
    assert len(known) == 5
    assert all(one.isascii() and one.isalnum() and one.startswith("r") for one in known)


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_sees_the_row_alone_and_its_answer_comes_back_with_the_id(kind: ContentType) -> None:
    """By the paths that AWS documents, done by what stands in for SageMaker."""
    line = b'1.5,"a, b",' if kind == "text/csv" else b'[1.5,"a, b",null]'
    job = LineProcessing(kind, DataProcessingShape.model_validate(filters(kind, 3)))
    sent = with_id(line, IDS[0], kind).decode()
    assert job.to_the_model(sent).replace('", ', '",').replace("1.5, ", "1.5,") == line.decode()
    answer = "0.1,x" if kind == "text/csv" else '{"p": [0.1, "x"]}'
    assert by_id([job.joined(sent, answer).encode()], IDS[:1], kind) == [answer.encode()]


def lines(kind: ContentType, *ids: str) -> list[bytes]:
    """An answer for each, which is its own place."""
    if kind == "text/csv":
        return [f"{one},{index}".encode() for index, one in enumerate(ids)]
    return [b'{"id":"%b","SageMakerOutput":%d}' % (one.encode(), index) for index, one in enumerate(ids)]


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_put_into_the_order_of_the_rows(kind: ContentType) -> None:
    assert by_id(lines(kind, IDS[2], IDS[0], IDS[1]), IDS, kind) == [b"1", b"2", b"0"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (IDS[:2], "1 missing"),
        ([], "3 missing"),
        ([*IDS, IDS[0]], "1 of a row that has another already"),
        ([IDS[0], IDS[0], IDS[1]], "1 of a row that has another already, 1 missing"),
        ([*IDS, "rother"], "1 of rows that were not asked about"),
        (["0.5", *IDS[1:]], "1 of rows that were not asked about, 1 missing"),
    ],
)
def test_answers_that_are_not_one_a_row(kind: ContentType, ids: list[str], words: str) -> None:
    with pytest.raises(BadOutput) as caught:
        by_id(lines(kind, *ids), IDS, kind)
    assert caught.value.detail == f"The answers do not fit the 3 rows by their ids: {words}."


@pytest.mark.parametrize(
    "line", [b"", b"1", b"[1]", b"{}", b'{"id":"a"}', b"{", b"\xff", b"[" * 100_000, b'{"SageMakerOutput":1}']
)
def test_a_line_that_is_not_joined(line: bytes) -> None:
    with pytest.raises(BadOutput, match="no JSON object with id"):
        by_id([line], IDS[:1], "application/jsonlines")
    with pytest.raises(BadOutput, match="1 of rows that were not asked about, 1 missing"):
        by_id([line], IDS[:1], "text/csv")


@pytest.mark.parametrize("line", [b'"%b",0.5', b" %b ,0.5"])
def test_ids_that_come_back_in_quotes(line: bytes) -> None:
    assert by_id([line % IDS[0].encode()], IDS[:1], "text/csv") == [b"0.5"]
