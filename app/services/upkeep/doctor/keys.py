"""Whether who should be asked for a key is, and whose key is about to end."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from app.core.settings import Settings
from app.db.tables.serving import ApiKeyRow
from app.schemas.health import Finding
from app.services.access import keys
from app.services.access.opening import is_loopback
from app.services.runtime import Sessions
from app.services.upkeep.doctor.looking import fault, ok, warning

CHECK = "keys"
SOON = timedelta(days=14)
CREATE = "Make one: `python -m app keys create NAME --scope admin`."


async def look(settings: Settings, sessions: Sessions) -> Iterable[Finding]:
    every = [key for key, _ in await keys.every(sessions)]
    return [_asked_for(settings, every), *_ending(every)]


def _asked_for(settings: Settings, every: Sequence[ApiKeyRow]) -> Finding:
    reach = "this machine alone" if is_loopback(settings.host) else "others, too"
    said = f"HOST is {settings.host}, which reaches {reach}"
    if settings.auth == "none":
        make = ok if is_loopback(settings.host) else _open_to_all
        return make(CHECK, f"{said}; AUTH=none lets anybody do anything.")
    if settings.oidc_issuer is None and every and not any(map(_is_valid, every)):
        said = "Callers need a key, and none is valid: all have expired or were revoked."
        return fault(CHECK, said, CREATE)
    if every or settings.oidc_issuer is not None:
        return ok(CHECK, "Callers need a key or a token.")
    if is_loopback(settings.host):
        return warning(CHECK, f"{said}; no key was ever made, so anybody there may do anything.", CREATE)
    return fault(CHECK, f"{said}, and no key was ever made: the service does not start.", CREATE)


def _is_valid(key: ApiKeyRow) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > datetime.now(UTC))


def _open_to_all(check: str, said: str) -> Finding:
    return warning(check, said, "Make keys, and leave AUTH at its default.")


def _ending(every: Iterable[ApiKeyRow]) -> Iterable[Finding]:
    now = datetime.now(UTC)
    ending = [
        f"{key.name} ({key.expires_at:%Y-%m-%d})"
        for key in every
        if key.revoked_at is None and key.expires_at is not None and now < key.expires_at < now + SOON
    ]
    if ending:
        said = f"Soon these keys are no longer valid: {', '.join(ending)}."
        yield warning(CHECK, said, "Make new ones under other names, and hand them out before.")
