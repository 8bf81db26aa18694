"""STS's AssumeRole on the wire, as its API reference has it."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from tests.support.http_stub import Answer, Request

FORM = "application/x-www-form-urlencoded"


def asks_sts(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith(FORM)


def asked_of_sts(request: Request) -> dict[str, str]:
    """The parameters of a call."""
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def session_keys(name: str, *, seconds: float = 3600) -> Answer:
    """Credentials whose access key is ASIA and the name, for so many seconds from now."""
    ends = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    keys = f"<AccessKeyId>ASIA{name}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
    until = f"<SessionToken>token-{name}</SessionToken><Expiration>{ends}</Expiration>"
    return _result(f"<Credentials>{keys}{until}</Credentials>")


def refused(code: str = "AccessDenied", status: int = 403) -> Answer:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>secret</Message></Error>"
    return Answer(status, f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>".encode())


def _result(body: str) -> Answer:
    namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
    result = f"<AssumeRoleResult>{body}</AssumeRoleResult>"
    return Answer(body=f'<AssumeRoleResponse xmlns="{namespace}">{result}</AssumeRoleResponse>'.encode())
