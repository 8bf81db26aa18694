"""A private certificate authority, as a Cloud Pak for Data often has one, and a TLS server under it."""

import datetime as dt
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp

START_SECONDS = 20


class Certificates:
    """``authority`` (PEM) has signed ``chain`` and ``key`` for 127.0.0.1 and ``hosts``; all in ``folder``."""

    def __init__(self, folder: Path, hosts: Sequence[str] = ()) -> None:
        self.authority, self.chain, self.key = (folder / f"{name}.pem" for name in ("ca", "chain", "key"))
        ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        ca = _certificate("A private authority", ca_key, "A private authority", ca_key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *map(x509.DNSName, hosts)]
        own = _certificate("A server", key, "A private authority", ca_key).add_extension(
            x509.SubjectAlternativeName(names), critical=False
        )
        for path, builder in ((self.authority, ca), (self.chain, own)):
            signed = builder.sign(ca_key, hashes.SHA256())
            path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.key.write_bytes(key.private_bytes(*form))


def _certificate(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(identifier, critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@contextmanager
def serving_tls(app: ASGIApp, certificates: Certificates) -> Iterator[str]:
    """Run ``app`` in a thread behind TLS, on a port of its own; gives its https address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app, log_level="warning", ws="none", ssl_certfile=certificates.chain, ssl_keyfile=certificates.key
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            deadline = time.monotonic() + START_SECONDS
            while not server.started:
                if not thread.is_alive() or time.monotonic() > deadline:
                    raise RuntimeError("The application did not start.")
                time.sleep(0.01)
            yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
