"""A tenant of Microsoft Entra ID on this machine, over TLS as the client library demands.

The two addresses are those of OpenID Connect discovery; the form and the answers are OAuth 2's client
credentials, as "Get access tokens for service-to-service calls" of the Microsoft identity platform has them.
"""

import datetime
import ipaddress
import secrets
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.responses import JSONResponse

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT, SECRET = "66666666-7777-8888-9999-000000000000", "the client's secret"


@dataclass
class Tenant:
    """``host`` and ``certificate`` are set once it runs; ``valid`` are the tokens an endpoint would take.

    ``lifetime`` is in seconds; ``scopes`` are those that were asked for, one per token given.
    """

    certificate: Path
    lifetime: int = 3600
    host: str = ""
    valid: set[str] = field(default_factory=set)
    scopes: list[str] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """Where azure-identity finds the client, asks the tenant and trusts it, without looking elsewhere."""
        client = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT, "AZURE_CLIENT_SECRET": SECRET}
        place = {"AZURE_AUTHORITY_HOST": self.host, "REQUESTS_CA_BUNDLE": str(self.certificate)}
        return {**client, **place, "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential"}

    def configuration(self) -> JSONResponse:
        base = f"https://{self.host}/{TENANT}"
        return JSONResponse(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            }
        )

    def token(self, form: str) -> JSONResponse:
        given = {name: values[0] for name, values in parse_qs(form).items()}
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT, SECRET):
            description = "AADSTS7000215: Invalid client secret provided."
            return JSONResponse({"error": "invalid_client", "error_description": description}, 401)
        self.scopes.append(given["scope"])
        token = secrets.token_urlsafe()
        self.valid.add(token)
        return JSONResponse({"token_type": "Bearer", "expires_in": self.lifetime, "access_token": token})


@contextmanager
def running_tenant(folder: Path) -> Iterator[Tenant]:
    """Answer on a port of its own with a certificate of its own, made in ``folder``."""
    tenant = Tenant(folder / "entra.pem")
    _make_certificate(tenant.certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(tenant))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tenant.certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    tenant.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield tenant
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(tenant: Tenant) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == f"/{TENANT}/v2.0/.well-known/openid-configuration"
            self._answer(tenant.configuration() if known else JSONResponse({}, 404))

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["content-length"])).decode()
            known = self.path == f"/{TENANT}/oauth2/v2.0/token"
            self._answer(tenant.token(form) if known else JSONResponse({}, 404))

        def _answer(self, answer: JSONResponse) -> None:
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(bytes(answer.body))

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Keep the tests' output clean."""

    return Handler


def _make_certificate(path: Path) -> None:
    """Write a self-signed certificate for 127.0.0.1 and its key into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now - day, now + day
        )
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(pem))
