import pytest

from app.core.web.names import ServedNames, origins

PRIVATE = [
    "localhost",
    "api",
    "API:8000",
    "127.0.0.1:8000",
    "[::1]:8000",
    "10.2.3.4",
    "a.localhost",
    "x.svc.cluster.local",
]
STRANGE = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "a b",
    "",
    "a/b",
    "a@b",
    "[::1",
]


@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.parametrize("entries", ["", "scores.example.com"])
def test_no_stranger_has_a_private_name_lead_here(host: str, entries: str) -> None:
    assert ServedNames(entries).take(host)


@pytest.mark.parametrize("host", STRANGE)
@pytest.mark.parametrize("entries", ["", "scores.example.com,*.scores.example.com"])
def test_a_name_that_is_not_listed_is_not_taken(host: str, entries: str) -> None:
    assert not ServedNames(entries).take(host)


def test_what_is_listed_is_taken() -> None:
    names = ServedNames("Scores.example.com, *.team.example.com")
    assert all(map(names.take, ["scores.example.com", "SCORES.example.com.:443", "a.b.team.example.com"]))
    assert not any(map(names.take, ["a.scores.example.com", "team.example.com", "ateam.example.com"]))
    assert all(map(ServedNames("*").take, STRANGE))


@pytest.mark.parametrize("entry", ["a:80", "https://a", "*a", "*.*", "a,b c", "a/"])
def test_an_entry_that_is_no_name_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="must be a host without its port"):
        ServedNames(entry)


def test_origins_are_as_browsers_send_them() -> None:
    assert origins("https://a.example, http://localhost:3000") == (
        "https://a.example",
        "http://localhost:3000",
    )
    for wrong in ("a.example", "https://a/", "*", "null", "https://A.example", "https://a:0"):
        with pytest.raises(ValueError, match="must be https://host"):
            origins(wrong)
