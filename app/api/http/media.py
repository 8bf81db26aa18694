"""What a body is said to be: its media type, its charset and its coding (RFC 9110, sections 8.3 and 8.4)."""

from collections.abc import Sequence
from email.message import Message

from starlette.datastructures import Headers

from app.core.errors import FieldError, UnsupportedMediaType

JSON = "application/json"
UTF_8 = ("utf-8", "utf8", "us-ascii")


def require_json(headers: Headers) -> None:
    """UnsupportedMediaType unless the body is said to be JSON, as it stands and in UTF-8."""
    require_plain(headers)
    if not _is_json(media_type(headers)):
        raise unsupported(headers, [JSON])


def require_plain(headers: Headers) -> None:
    """UnsupportedMediaType where the body is said to be compressed, or in another charset than UTF-8."""
    codings = [one.strip().lower() for one in ",".join(headers.getlist("content-encoding")).split(",")]
    if any(coding not in ("", "identity") for coding in codings):
        fault = FieldError("Content-Encoding", "must be left out: the body is taken as it stands")
        raise UnsupportedMediaType(
            "A compressed body is not taken.", errors=[fault], headers={"Accept-Encoding": "identity"}
        )
    charset = _parsed(headers).get_param("charset")
    if isinstance(charset, str) and charset.lower() not in UTF_8:
        fault = FieldError("Content-Type", "its charset must be utf-8, and the body be encoded so")
        raise UnsupportedMediaType("The charset of the body is not taken.", errors=[fault])


def media_type(headers: Headers) -> str:
    """Without its parameters, in lower case; empty if none is said."""
    return _parsed(headers).get_content_type() if "content-type" in headers else ""


def unsupported(headers: Headers, taken: Sequence[str], *, otherwise: str = "") -> UnsupportedMediaType:
    """The error of a body that is of none of the media types which are taken."""
    given = headers.get("content-type", "")[:100]
    said = f"is {given!r}" if given else "is missing"
    other = f", {otherwise}" if otherwise else ""
    right = FieldError("Content-Type", f"must be {' or '.join(taken)}{other}; it {said}")
    detail = "The body is not said to be of a media type that is taken here."
    return UnsupportedMediaType(detail, errors=[right], headers={"Accept": ", ".join(taken)})


def _is_json(kind: str) -> bool:
    return kind == JSON or (kind.startswith("application/") and kind.endswith("+json"))


def _parsed(headers: Headers) -> Message:
    """An unreadable type is, to the standard library, text/plain."""
    message = Message()
    message["content-type"] = headers.get("content-type", "")
    return message
