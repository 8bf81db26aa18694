"""An error where one text is kept of it."""

import pytest

from app.core.errors import FieldError, InvalidInput


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "Wrong."), (1, "Wrong. a0: bad."), (3, "Wrong. a0: bad; a1: bad; a2: bad.")],
)
def test_the_faults_follow_the_detail(count: int, told: str) -> None:
    assert InvalidInput("Wrong.", errors=[FieldError(f"a{n}", "bad") for n in range(count)]).in_words == told


def test_of_many_faults_the_first_are_told() -> None:
    many = InvalidInput("Wrong.", errors=[FieldError(f"a{n}", "bad") for n in range(9)])
    assert many.in_words == "Wrong. a0: bad; a1: bad; a2: bad; and 6 more."
