"""TLS: whom a call believes is what botocore is told."""

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.core.errors import BackendRefused
from tests.backends.sagemaker.calls.conftest import CSV, Opener
from tests.support.aws_stub import AwsStub, csv
from tests.support.http_stub import HttpStub

BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "profile")


@pytest.fixture(autouse=True)
def _own_session(fresh_session: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody else signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stub")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = made.add_extension(x509.SubjectAlternativeName([address]), critical=False).sign(
        key, hashes.SHA256()
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure(certificate: Path, aws: AwsStub) -> Iterator[HttpStub]:
    """The stub behind TLS; ``aws`` is there for its environment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with HttpStub() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.respond = lambda request: csv("1")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def believe(monkeypatch: pytest.MonkeyPatch, where: str, bundle: Path | str, folder: Path) -> None:
    if where != "profile":
        return monkeypatch.setenv(where, str(bundle))
    (folder / "config").write_text(f"[profile churn]\nca_bundle = {bundle}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    return monkeypatch.setenv("AWS_PROFILE", "churn")


@pytest.mark.parametrize("where", BUNDLES)
async def test_the_configured_bundle_is_believed(
    secure: HttpStub,
    certificate: Path,
    opener: Opener,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    where: str,
) -> None:
    believe(monkeypatch, where, certificate, tmp_path)
    url = secure.url.replace("http:", "https:")
    assert (await opener(CSV, endpoint_url=url).invoke(b"1")).content == b"1"


async def test_a_stranger_is_not_believed(secure: HttpStub, opener: Opener) -> None:
    with pytest.raises(BackendRefused, match="certificate"):
        await opener(CSV, endpoint_url=secure.url.replace("http:", "https:")).invoke(b"1")
    assert not secure.requests


async def test_nor_who_goes_by_another_name(
    secure: HttpStub, certificate: Path, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with pytest.raises(BackendRefused, match="certificate"):
        await opener(CSV, endpoint_url=f"https://localhost:{secure.server_port}").invoke(b"1")
    assert not secure.requests


@pytest.mark.parametrize("where", BUNDLES)
@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_bundle_that_is_none_is_named(
    aws: AwsStub,
    opener: Opener,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    where: str,
    content: str | None,
) -> None:
    bundle = tmp_path / "secret.pem"
    if content:
        bundle.write_text(content)
    believe(monkeypatch, where, bundle, tmp_path)
    with pytest.raises(BackendRefused, match="AWS_CA_BUNDLE") as caught:
        await opener(CSV, endpoint_url="https://127.0.0.1:1").invoke(b"1")
    assert "secret" not in caught.value.detail
