"""Whose certificates are believed, as botocore decides it."""

import os
import ssl
from functools import lru_cache

from botocore.httpsession import create_urllib3_context, get_cert_path

from app.aws import ca_bundle
from app.core.errors import BackendRefused


def tls_context(what: str) -> ssl.SSLContext:
    """AWS_CA_BUNDLE, the profile's ca_bundle, REQUESTS_CA_BUNDLE, or what botocore brings along.

    BackendRefused: it is no readable file of certificates.
    """
    path = ca_bundle() or os.environ.get("REQUESTS_CA_BUNDLE") or get_cert_path(True)
    try:
        return _context(path)
    except OSError as error:  # ssl.SSLError is one
        raise BackendRefused(
            f"{what}: What AWS_CA_BUNDLE, the AWS profile's ca_bundle or REQUESTS_CA_BUNDLE names is no"
            " readable file of certificates."
        ) from error


@lru_cache(maxsize=4)
def _context(path: str | None) -> ssl.SSLContext:
    context: ssl.SSLContext = create_urllib3_context()
    context.check_hostname = True  # which urllib3 does by itself, and asyncio does not
    context.load_verify_locations(cafile=path)
    return context
