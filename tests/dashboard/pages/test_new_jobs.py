"""The form that starts a prediction job."""

from collections.abc import Mapping

import pytest

from app.core.errors import InvalidInput
from app.dashboard.pages.new_jobs import once_of, request_of


def test_every_record_of_the_default() -> None:
    assert request_of({"records": "all", "choice": "", "ids": "left over"}).model_dump(exclude_none=True) == {
        "all": True,
        "engine": "pipeline",
    }


def test_ids_stand_in_lines_as_they_are() -> None:
    wanted = request_of({"records": "ids", "choice": "transit/2", "ids": "kg/s\r\n <b> \n\n🚚\n"})
    assert (wanted.model, wanted.version, wanted.ids) == ("transit", "2", ["kg/s", " <b> ", "🚚"])


def test_a_filter_has_values_as_json_has_them() -> None:
    lines = 'carrier=UA\nnumber = 12.5\r\ntext="12.5"\nequal=a=b\n'
    wanted = request_of(
        {"records": "filter", "choice": "transit", "where": lines, "since": " 2013-01-01T00:00:00Z "}
    )
    assert wanted.where == {"carrier": "UA", "number": 12.5, "text": "12.5", "equal": "a=b"}
    assert wanted.since is not None
    assert wanted.until is None


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "records"),
        ({"records": "some"}, "records"),
        ({"records": "ids", "ids": " \n"}, "ids"),
        ({"records": "ids", "ids": "x" * 201}, "ids[0]"),
        ({"records": "filter"}, "where"),
        ({"records": "filter", "where": "carrier"}, "where"),
        ({"records": "filter", "since": "yesterday"}, "since"),
        ({"records": "all", "choice": "a b"}, "choice"),
        ({"records": "all", "choice": "a/../b"}, "choice"),
    ],
)
def test_what_is_wrong_is_named(form: Mapping[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        request_of(form)
    assert [one.field for one in caught.value.errors] == [field]


def test_a_form_counts_once() -> None:
    form = {"records": "all", "once": "0" * 32}
    one, again, other = once_of(form), once_of({**form}), once_of({**form, "choice": "transit"})
    assert one is not None
    assert again is not None
    assert other is not None
    assert (one.key, one.fingerprint) == (again.key, again.fingerprint)
    assert other.fingerprint != one.fingerprint
    assert once_of({"records": "all", "once": "\r\nmade up"}) is None
