"""Google's credentials: what google-auth makes of them, and how its failures read."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.auth import compute_engine
from google.auth import exceptions as google
from google.auth.compute_engine import _metadata
from pydantic import JsonValue

from app.backends.http import auth as http_auth
from app.backends.vertex.auth import GoogleAuth, of_google
from app.core.errors import BackendDown, BackendError, BackendRefused
from tests.backends.platforms.vertex import PLATFORM
from tests.support.http_stub import Answer, HttpStub, http_stub, reply

MEANINGS: dict[type[google.GoogleAuthError], type[BackendError]] = {
    google.GoogleAuthError: BackendRefused,
    google.TransportError: BackendDown,
    google.TimeoutError: BackendDown,
    google.ResponseError: BackendDown,
    google.RefreshError: BackendRefused,
    google.OAuthError: BackendRefused,
    google.UserAccessTokenError: BackendRefused,
    google.ReauthFailError: BackendRefused,
    google.ReauthSamlChallengeFailError: BackendRefused,
    google.DefaultCredentialsError: BackendRefused,
    google.MutualTLSChannelError: BackendRefused,
    google.ClientCertError: BackendRefused,
    google.MalformedError: BackendRefused,
    google.InvalidResource: BackendRefused,
    google.InvalidOperation: BackendRefused,
    google.InvalidValue: BackendRefused,
    google.InvalidType: BackendRefused,
    google.OSError: BackendRefused,
}


@pytest.fixture
def token_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpStub]:
    """Google's, for the key file that the environment names."""
    with http_stub() as stub:
        for name, value in PLATFORM.environment(stub.url, tmp_path).items():
            monkeypatch.setenv(name, value)
        stub.respond = lambda request: PLATFORM.other(request) or Answer(404)
        yield stub


@pytest.fixture
def key_file(token_server: HttpStub, tmp_path: Path) -> Path:
    return tmp_path / "key.json"


@pytest.fixture
def far_east() -> Iterator[None]:
    """A time zone of its own: google-auth's times are UTC and do not say so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Pacific/Kiritimati")
        time.tzset()
        yield
    time.tzset()


def test_every_error_of_google_auth_has_its_meaning() -> None:
    found = {kind for kind in vars(google).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert found == set(MEANINGS)
    for kind, expected in MEANINGS.items():
        ours = of_google(kind("of /a/path"))
        assert type(ours) is expected, kind
        assert "/a/path" not in ours.detail


def test_a_key_that_google_no_longer_takes_is_refused(token_server: HttpStub) -> None:
    token_server.script(Answer(400, b'{"error": "invalid_grant", "error_description": "Invalid grant."}'))
    fails_with(BackendRefused)


def test_a_token_server_that_is_away_is_an_outage(token_server: HttpStub) -> None:
    token_server.script(Answer(reset=True))
    fails_with(BackendDown)


def test_a_token_server_that_fails_is_an_outage(
    token_server: HttpStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between google-auth's own tries
    token_server.script(Answer(503, b"try again"))
    fails_with(BackendDown)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(503), BackendDown),
        (Answer(502), BackendDown),
        (Answer(reset=True), BackendDown),
        (Answer(404, b"no service account"), BackendRefused),
        (Answer(403, b"no scope"), BackendRefused),
    ],
)
def test_the_metadata_server_of_a_machine(
    token_server: HttpStub, monkeypatch: pytest.MonkeyPatch, answer: Answer, expected: type[BackendError]
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between google-auth's own tries
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", f"127.0.0.1:{token_server.server_port}")
    monkeypatch.setattr("google.auth.default", lambda scopes: (compute_engine.Credentials(), None))
    token_server.script(answer)
    fails_with(expected)
    assert token_server.requests


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"type": "service_account"}', "\0"])
def test_a_key_file_that_is_none_is_refused(key_file: Path, content: str) -> None:
    key_file.write_text(content)
    fails_with(BackendRefused)


def test_a_key_file_that_is_replaced_is_read_anew(
    token_server: HttpStub, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_auth, "REFUSAL_KEPT", 0)
    auth, content = GoogleAuth(), json.loads(key_file.read_text())
    key_file.write_text(json.dumps(content | {"token_uri": f"{token_server.url}/gone"}))
    with pytest.raises(BackendRefused):
        asyncio.run(auth.headers())
    key_file.write_text(json.dumps(content))
    assert asyncio.run(auth.headers())


@pytest.mark.parametrize("key", ["no PEM", 7, None])
def test_a_key_that_is_none_is_refused(key_file: Path, key: JsonValue) -> None:
    key_file.write_text(json.dumps(json.loads(key_file.read_text()) | {"private_key": key}))
    fails_with(BackendRefused)


def test_a_key_file_that_is_not_there_is_refused(key_file: Path) -> None:
    key_file.unlink()
    fails_with(BackendRefused)
    key_file.mkdir()
    fails_with(BackendRefused)


def fails_with(expected: type[BackendError]) -> None:
    with pytest.raises(expected) as caught:
        asyncio.run(GoogleAuth().headers())
    assert "key.json" not in caught.value.detail


@pytest.mark.parametrize(("seconds", "fetched"), [(3600, 1), (0, 2)])
async def test_a_token_is_kept_until_its_end_is_near(
    token_server: HttpStub, far_east: None, seconds: int, fetched: int
) -> None:
    token_server.script(reply({"access_token": "ya29.a", "expires_in": seconds}))
    auth = GoogleAuth()
    assert [await auth.headers(), await auth.headers()] == [{"Authorization": "Bearer ya29.a"}] * 2
    assert len(token_server.requests) == fetched


async def test_a_token_whose_end_is_not_told_is_kept(token_server: HttpStub) -> None:
    token_server.script(reply({"access_token": "ya29.a"}))
    auth = GoogleAuth()
    await auth.headers()
    await auth.headers()
    assert len(token_server.requests) == 1


async def test_another_project_can_be_charged(
    token_server: HttpStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "another-project")
    auth = GoogleAuth()
    first = await auth.headers()
    renewed = await auth.headers(first)
    assert renewed["Authorization"] != first["Authorization"]
    assert first["x-goog-user-project"] == renewed["x-goog-user-project"] == "another-project"


def test_without_google_auth_its_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.auth.transport.requests", None)
    with pytest.raises(BackendRefused, match=r"requirements-vertex\.txt"):
        GoogleAuth()
