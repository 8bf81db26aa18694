"""What a body is said to be: its media type, its charset, its codings and its range.

RFC 9110, sections 8.3, 8.4 and 14.5, and RFC 9112, section 6.1.
"""

from collections.abc import Sequence
from email.message import Message
from functools import lru_cache

from starlette.datastructures import Headers

from app.core.errors import BadRequest, FieldError, UnsupportedMediaType

JSON = "application/json"
UTF_8 = ("utf-8", "utf8", "us-ascii")


def require_json(headers: Headers, *others: str) -> None:
    """UnsupportedMediaType unless the body is said to be JSON, or of another type that is taken here, as it
    stands and in UTF-8."""
    require_plain(headers)
    if (kind := media_type(headers)) not in others and not _is_json(kind):
        raise unsupported(headers, [JSON, *others])


def require_plain(headers: Headers) -> None:
    """UnsupportedMediaType where the body is said to be compressed, or in another charset than UTF-8.

    BadRequest where it is said to be a part: it would be stored for the whole.
    """
    if "content-range" in headers:
        fault = FieldError("Content-Range", "must be left out: the body is taken for the whole")
        raise BadRequest("A part of a body is not taken.", errors=[fault])
    _require_codings(headers, "Transfer-Encoding", ("", "chunked"), "must be chunked, or left out")
    _require_codings(headers, "Content-Encoding", ("", "identity"), "must be left out")
    charset = _parsed(headers).get_param("charset")
    if isinstance(charset, str) and charset.lower() not in UTF_8:
        fault = FieldError("Content-Type", "its charset must be utf-8, and the body be encoded so")
        raise UnsupportedMediaType("The charset of the body is not taken.", errors=[fault])


def _require_codings(headers: Headers, name: str, taken: Sequence[str], right: str) -> None:
    codings = [one.strip().lower() for one in ",".join(headers.getlist(name)).split(",")]
    if any(coding not in taken for coding in codings):
        fault = FieldError(name, f"{right}: the body is taken as it stands")
        raise UnsupportedMediaType(
            "A compressed body is not taken.", errors=[fault], headers={"Accept-Encoding": "identity"}
        )


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
    return _read(headers.get("content-type", ""))


@lru_cache(maxsize=64)
def _read(content_type: str) -> Message:
    """An unreadable type is, to the standard library, text/plain. Kept, since most requests say the same."""
    message = Message()
    message["content-type"] = content_type
    return message
