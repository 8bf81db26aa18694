"""What a look may have found."""

import pytest

from app.backends.base import Deployed, Reply
from app.core.errors import BadOutput
from app.schemas.hosting.calls import CallNotes
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


def test_what_a_model_says_beside_its_outputs_is_kept_as_far_as_it_can_be() -> None:
    reply = Reply([1, BadOutput("NaN"), 3], inference_id="i", custom_attributes="a\0b\udc80é\n" + "x" * 2000)
    first, bad, third = read(reply, 3, 1.0)
    said = "a�b�é�" + "x" * 1018
    assert isinstance(bad, BadOutput)
    assert isinstance(first, Inferred)
    assert isinstance(third, Inferred)
    assert first.notes == CallNotes("i", 0, said)
    assert third.notes == CallNotes("i", 2, said)


def test_without_a_word_beside_the_outputs_there_is_none() -> None:
    (first,) = read(Reply([1], custom_attributes=""), 1, 1.0)
    assert first == Inferred(1, None, 1.0)
