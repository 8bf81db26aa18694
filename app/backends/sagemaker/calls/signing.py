"""InvokeEndpoint as botocore makes it: prepared by it once, then signed by it for each body.

All calls of a model version differ in their body, moment and credentials only. So their address and headers
are those of one call that botocore made of the client's configuration, and what is signed is botocore's
canonical request of it, in which moment and token are filled in. To have botocore write it out anew for each
call takes three times the CPU.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from uuid import uuid4

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.compat import get_current_datetime
from botocore.credentials import ReadOnlyCredentials

_SIGNATURE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=\S+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<signed>\S+), Signature=[0-9a-f]{64}"
)
_OF_ONE_CALL = {"authorization", "x-amz-date", "x-amz-security-token", "content-length"}
"""Headers that come with the signature, or with the body."""
_CALL_ID = "amz-sdk-invocation-id"

_MOMENT, _TOKEN = (f"{name}-{uuid4().hex}" for name in ("moment", "token"))
"""What nobody writes into an option."""


@dataclass(frozen=True)
class _Form:
    """The canonical request but for the body's digest in its last line, and the names of its headers."""

    text: str
    names: str


@dataclass(frozen=True)
class PreparedCall:
    """What all calls have in common. The signature covers the headers ``signed``."""

    url: str
    signed: Mapping[str, str]
    beside: Mapping[str, str]
    region: str
    service: str

    def headers(self, body: bytes, credentials: ReadOnlyCredentials) -> dict[str, str]:
        """Those of a call that is made now."""
        call, token = AWSRequest(), credentials.token
        now = call.context["timestamp"] = get_current_datetime().strftime(SIGV4_TIMESTAMP)
        form = self._with_token if token else self._without
        canonical = form.text.replace(_MOMENT, now).replace(_TOKEN, token or "")
        signer = SigV4Auth(credentials, self.service, self.region)
        signature = signer.signature(
            signer.string_to_sign(call, f"{canonical}\n{sha256(body).hexdigest()}"), call
        )
        proof = f"Credential={signer.scope(call)}, SignedHeaders={form.names}, Signature={signature}"
        return {
            **self.beside,
            **self.signed,
            _CALL_ID: str(uuid4()),
            "x-amz-date": now,
            "authorization": f"AWS4-HMAC-SHA256 {proof}",
            **({"x-amz-security-token": token} if token else {}),
        }

    @cached_property
    def _without(self) -> _Form:
        return self._form({})

    @cached_property
    def _with_token(self) -> _Form:
        return self._form({"x-amz-security-token": _TOKEN})

    def _form(self, more: Mapping[str, str]) -> _Form:
        headers = {**self.signed, "x-amz-date": _MOMENT, **more}
        request = AWSRequest(method="POST", url=self.url, data=b"", headers=headers)
        signer = SigV4Auth(ReadOnlyCredentials("", "", None, None), self.service, self.region)
        text, _, _ = signer.canonical_request(request).rpartition("\n")
        return _Form(text, signer.signed_headers(signer.headers_to_sign(request)))


def prepared(request: AWSPreparedRequest) -> PreparedCall | None:
    """What a request of botocore's has in common with all others to its target; None where it is not signed
    by Signature Version 4, which is all that this can do."""
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    signature = _SIGNATURE.fullmatch(headers.get("authorization", ""))
    if signature is None:
        return None
    lasting = {name: value for name, value in headers.items() if name not in _OF_ONE_CALL}
    names = set(signature["signed"].split(";"))
    return PreparedCall(
        url=request.url,
        signed={name: value for name, value in lasting.items() if name in names},
        # Of the connection rather than of the request: urllib3 adds it when it sends.
        beside={"accept-encoding": "identity"}
        | {name: value for name, value in lasting.items() if name not in names},
        region=signature["region"],
        service=signature["service"],
    )


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
