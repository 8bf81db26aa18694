"""What the claims of a checked token say of its holder."""

from collections.abc import Mapping

from pydantic import JsonValue

from app.core.errors import Unauthorized
from app.core.settings import Settings
from app.schemas.access.callers import SCOPES, Caller
from app.schemas.ids import is_legal_name, record_prefix_fault

LONGEST_SUBJECT = 200
"""Characters."""


def caller_of(claims: Mapping[str, JsonValue], settings: Settings) -> Caller:
    """Its holder; Unauthorized where a claim cannot be what it is to be. One that binds must be there."""
    prefix, scopes = _prefix(claims, settings.oidc_prefix_claim), _scopes(claims, settings.oidc_scope_prefix)
    if prefix and "admin" in scopes:
        raise _wrong("scope", "has admin beside a prefix of records; models are everybody's")
    return Caller(
        name=f"oidc:{_subject(claims)}",
        scopes=frozenset(one for one in SCOPES if one in scopes),
        models=_models(claims, settings.oidc_models_claim),
        record_prefix=prefix,
    )


def _subject(claims: Mapping[str, JsonValue]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise _wrong("sub", f"must be a text of 1 to {LONGEST_SUBJECT} printable characters")
    return subject


def _scopes(claims: Mapping[str, JsonValue], prefix: str) -> set[str]:
    """Those that begin with the prefix, without it; `scope` (RFC 8693, 9068) goes before `scp`."""
    name = "scope" if "scope" in claims else "scp"
    given = _texts(claims, name) if name in claims else []
    return {one.removeprefix(prefix) for one in given if one.startswith(prefix)}


def _models(claims: Mapping[str, JsonValue], name: str | None) -> frozenset[str] | None:
    if name is None:
        return None
    models = _texts(claims, name)
    if not models or not all(map(is_legal_name, models)):
        raise _wrong(name, "must name models")
    return frozenset(models)


def _prefix(claims: Mapping[str, JsonValue], name: str | None) -> str:
    if name is None:
        return ""
    prefix = claims.get(name)
    if not isinstance(prefix, str) or record_prefix_fault(prefix):
        raise _wrong(name, "must be what the ids of records begin with")
    return prefix


def _texts(claims: Mapping[str, JsonValue], name: str) -> list[str]:
    """A list of texts, or one text with blanks between them."""
    given = claims.get(name)
    found = given.split(" ") if isinstance(given, str) else given
    if not isinstance(found, list):
        raise _wrong(name, "must be texts")
    texts = [one for one in found if isinstance(one, str)]
    if len(texts) < len(found):
        raise _wrong(name, "must be texts")
    return [one for one in texts if one]


def _wrong(claim: str, right: str) -> Unauthorized:
    return Unauthorized(f"The token is not valid: its claim {claim} {right}.")
