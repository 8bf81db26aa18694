"""InvokeEndpoint as botocore makes it: prepared by it once, then signed by it for each body.

All calls of a model version differ in their body, moment, credentials and a few headers only. So their
address and other headers are those of one call that botocore made of the client's configuration, and what is
signed is botocore's canonical request of it, in which the rest is filled in. To have botocore write it out
anew for each call takes three times the CPU.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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
NO_HEADERS: Mapping[str, str] = {}

_DATE, _TOKEN = "x-amz-date", "x-amz-security-token"
_SECRET = uuid4().hex


def _blank(name: str) -> str:
    """What stands for a header's value until it is known, and what nobody writes into an option."""
    return f"({name}-{_SECRET})"


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
    _forms: dict[tuple[str, ...], _Form] = field(default_factory=dict, repr=False, compare=False)

    def headers(
        self, body: bytes, credentials: ReadOnlyCredentials, own: Mapping[str, str] = NO_HEADERS
    ) -> dict[str, str]:
        """Those of a call that is made now, some ``own`` ones among them."""
        call = AWSRequest()
        now = call.context["timestamp"] = get_current_datetime().strftime(SIGV4_TIMESTAMP)
        filled = {**own, _DATE: now, **({_TOKEN: credentials.token} if credentials.token else {})}
        form = self._form(tuple(filled))
        canonical = form.text
        for name, value in filled.items():
            canonical = canonical.replace(_blank(name), " ".join(value.split()))
        signer = SigV4Auth(credentials, self.service, self.region)
        signature = signer.signature(
            signer.string_to_sign(call, f"{canonical}\n{sha256(body).hexdigest()}"), call
        )
        proof = f"Credential={signer.scope(call)}, SignedHeaders={form.names}, Signature={signature}"
        return {
            **self.beside,
            **self.signed,
            **filled,
            _CALL_ID: str(uuid4()),
            "authorization": f"AWS4-HMAC-SHA256 {proof}",
        }

    def _form(self, filled: tuple[str, ...]) -> _Form:
        """That in which these headers are to be filled in, written once."""
        if filled not in self._forms:
            self._forms[filled] = self._written(filled)
        return self._forms[filled]

    def _written(self, filled: tuple[str, ...]) -> _Form:
        headers = {**self.signed, **{name: _blank(name) for name in filled}}
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
