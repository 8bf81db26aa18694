import pytest

from app.core.errors import InvalidInput
from app.core.hosts import Hosts
from tests.support.settings import IsolatedSettings

HOSTS = Hosts(
    "models.example.org, *.models.example.org, http://127.0.0.1:8080, http://[::1]:9000,"
    "Other.example.org:8443, http://plain.example.org"
)


@pytest.mark.parametrize(
    "url",
    [
        "https://models.example.org",
        "https://models.example.org:443/a/b",
        "https://MODELS.example.org/",
        "https://a.models.example.org",
        "https://a.b.models.example.org",
        "http://127.0.0.1:8080/x",
        "http://[::1]:9000",
        "https://other.example.org:8443",
        "http://plain.example.org:80",
    ],
)
def test_what_is_listed_may_be_called(url: str) -> None:
    assert HOSTS.allow(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://models.example.org",
        "http://models.example.org:443",
        "https://models.example.org:8443",
        "https://evilmodels.example.org",
        "https://models.example.org.evil.org",
        "http://a.models.example.org",
        "http://127.0.0.1",
        "http://127.0.0.1:8081",
        "https://127.0.0.1",
        "https://127.0.0.1:8080",
        "http://other.example.org:8443",
        "https://plain.example.org",
        "https://localhost:8080",
        "https://example.org",
        "https://models.example.org@evil.org",
    ],
)
def test_nothing_else_may(url: str) -> None:
    assert not HOSTS.allow(url)


def test_nothing_is_allowed_by_default() -> None:
    assert not Hosts().allow("https://models.example.org")


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        ("https://a.org/x", "a.org"),
        ("http://a.org", "http://a.org"),
        ("http://a.org:81", "http://a.org:81"),
        ("https://[::1]:1", "[::1]:1"),
        ("https://[::1]", "[::1]"),
    ],
)
def test_the_error_names_the_option_and_the_entry_that_would_do(url: str, entry: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Hosts().require(url, "url")
    (fault,) = caught.value.errors
    assert fault.field == "options.url"
    assert fault.message.endswith(f" {entry}")
    Hosts(entry).require(url, "url")


@pytest.mark.parametrize(
    "entries",
    [
        "*",
        "*.",
        "a.org:0",
        "a.org:70000",
        "https://a.org",
        "ftp://a.org",
        "a.org/x",
        "a b",
        "a..org",
        "a.org:x",
        "a" * 64,
        "a.org=",
        "a.org=lower",
        "a.org=A+",
        "a.org=*+A",
    ],
)
def test_an_entry_that_cannot_be_read_is_named(entries: str) -> None:
    with pytest.raises(ValueError, match=r"must be host, host:port, \*\.suffix"):
        Hosts(entries)
    with pytest.raises(ValueError, match="backend_hosts"):
        IsolatedSettings(database_url="postgresql://x", backend_hosts=entries)


BOUND = Hosts(
    "one.example.org=ACME_ONE+ACME_BOTH, two.example.org=ACME_TWO, two.example.org=ACME_BOTH,"
    "any.org=*, none.org"
)


@pytest.mark.parametrize(
    ("host", "secrets"),
    [
        ("one.example.org", ["ACME_ONE"]),
        ("one.example.org", ["ACME_ONE", "ACME_BOTH"]),
        ("two.example.org", ["ACME_TWO", "ACME_BOTH"]),
        ("any.org", ["ACME_ONE"]),
        ("none.org", []),
        ("none.org", [None]),
    ],
)
def test_a_secret_goes_where_it_is_listed(host: str, secrets: list[str | None]) -> None:
    BOUND.require(f"https://{host}/x", "url", *secrets)


@pytest.mark.parametrize(
    ("host", "secret"),
    [("one.example.org", "ACME_TWO"), ("two.example.org", "ACME_ONE"), ("none.org", "ACME_ONE")],
)
def test_a_secret_of_one_host_is_not_sent_to_another(host: str, secret: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        BOUND.require(f"https://{host}", "url", secret)
    (fault,) = caught.value.errors
    assert (
        fault.message
        == f"{secret} may not be sent there; the setting BACKEND_HOSTS must list {host}={secret}"
    )
