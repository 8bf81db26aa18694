"""What a look may have found."""

import pytest

from app.backends.base import Deployed, Reply
from app.core.errors import BadOutput
from app.services.hosting.outcomes import Inferred, checked_look, read

KEPT = frozenset({"r1"})


@pytest.mark.parametrize("name", ["", "a\0b", "two\nlines", "x" * 501])
def test_names_that_cannot_be_kept_are_no_answer(name: str) -> None:
    wrong = [
        Deployed(KEPT | {name}),
        Deployed(KEPT, {name: "r1"}),
        Deployed(KEPT, {"blue": name}),
        Deployed(frozenset()),
    ]
    for found in wrong:
        with pytest.raises(BadOutput):
            checked_look(found)
    with pytest.raises(BadOutput):
        read(Reply([1], variant=name), 1, 1.0)


def test_what_can_be_kept_is_as_it_was_found() -> None:
    found = Deployed(KEPT, {"blue": "r1"})
    assert checked_look(found) is found
    assert checked_look(None) is None
    assert read(Reply([1], variant="blue"), 1, 2.5) == [Inferred(1, None, 2.5, "blue")]
