import pytest

from app.core.errors import InvalidInput
from app.services.models.importing.pattern import KeyPattern, Named


@pytest.mark.parametrize(
    ("pattern", "key", "names"),
    [
        ("{model}/{version}.tar.gz", "store 7/2026-11-29.tar.gz", ("store 7", "2026-11-29")),
        ("{model}/{version}.tar.gz", "a/b/1.tar.gz", None),
        ("{model}/{version}.tar.gz", "a/1.tar.gz.old", None),
        ("{model}/{version}.tar.gz", "a/1xtar.gz", None),
        ("{model}/{version}.tar.gz", "a/1.tar.gz\n", None),
        ("**/{model}/{version}.tar.gz", "x/y/a/1.tar.gz", ("a", "1")),
        ("{model}/*/{version}.tar.gz", "a/anything/1.tar.gz", ("a", "1")),
        ("{model}/*/{version}.tar.gz", "a/any/thing/1.tar.gz", None),
        ("{model}-{version}.tar.gz", "churn-eu-3.tar.gz", ("churn-eu", "3")),
        ("{version}/{model}.tar.gz", "3/größe+1.tar.gz", ("größe+1", "3")),
        ("(a|b)[{model}]+{version}", "(a|b)[m]+1", ("m", "1")),
    ],
)
def test_a_key_is_read_by_the_pattern_as_a_whole(
    pattern: str, key: str, names: tuple[str, str] | None
) -> None:
    assert KeyPattern(pattern).read(key) == names


def test_names_may_be_given_for_all() -> None:
    assert KeyPattern("{model}.tar.gz", version="1").read("a.tar.gz") == Named("a", "1")
    assert KeyPattern("{version}.tar.gz", model="m").read("a.tar.gz") == Named("m", "a")
    assert KeyPattern("one.tar.gz", model="m", version="1").read("one.tar.gz") == Named("m", "1")


@pytest.mark.parametrize(
    ("pattern", "given", "fields"),
    [
        ("{model}.tar.gz", {}, ["pattern"]),
        ("*.tar.gz", {}, ["pattern", "pattern"]),
        ("{model}/{model}/{version}", {}, ["pattern"]),
        ("{model}/{version}", {"model": "m"}, ["model"]),
        ("{model}/{version}/{date}", {}, ["pattern"]),
        ("{model}/{version", {}, ["pattern", "pattern"]),
    ],
)
def test_a_pattern_that_does_not_tell_both_names_once_is_refused(
    pattern: str, given: dict[str, str], fields: list[str]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        KeyPattern(pattern, **given)
    assert [fault.field for fault in caught.value.errors] == fields
