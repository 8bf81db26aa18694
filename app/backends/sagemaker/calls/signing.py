"""InvokeEndpoint as botocore makes it: prepared by it once, then signed by it for each body.

All calls of a model version differ in their body, moment and credentials only. So address and headers are
those of one call that botocore made from the client's configuration; who looks after that costs three times
as much as the signature.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.credentials import ReadOnlyCredentials

_SIGNATURE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=\S+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<signed>\S+), Signature=[0-9a-f]{64}"
)
_OF_ONE_CALL = {"authorization", "x-amz-date", "x-amz-security-token", "content-length"}
"""Headers that come with the signature, or with the body."""
_CALL_ID = "amz-sdk-invocation-id"


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
        request = AWSRequest(method="POST", url=self.url, data=body, headers=self.signed)
        SigV4Auth(credentials, self.service, self.region).add_auth(request)
        return {**self.beside, _CALL_ID: str(uuid4()), **dict(request.headers.items())}


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
