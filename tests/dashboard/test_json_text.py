"""Stored values as people read them."""

from collections.abc import Iterator

from pydantic import JsonValue

from app.dashboard.json_text import LONGEST, written


class Counted(list[JsonValue]):
    """Counts how many of it are read."""

    read = 0

    def __iter__(self) -> Iterator[JsonValue]:
        for one in super().__iter__():
            self.read += 1
            yield one


def test_of_what_is_long_no_more_is_written_than_is_shown() -> None:
    """A page may have a hundred such values, and callers would wait meanwhile."""
    many = Counted(range(100_000))
    text = written(many)
    assert text.startswith("[\n  0,\n  1,")
    assert text.endswith("... (the rest is left out)")
    assert len(text) < LONGEST + 100
    assert many.read < LONGEST


def test_of_what_is_short_all_is_written() -> None:
    assert written({"a": [1.5, None, "ü"]}) == '{\n  "a": [\n    1.5,\n    null,\n    "ü"\n  ]\n}'
    assert (written("a\nb"), written(True), written([])) == ("a\nb", "true", "[]")
    assert written("x" * LONGEST) == "x" * LONGEST
    assert written("x" * (LONGEST + 1)).endswith("(the rest is left out)")
