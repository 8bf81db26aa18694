"""Whether the service may listen where it is to."""

from ipaddress import ip_address

import structlog

from app.core.errors import Misconfigured
from app.core.settings import Settings
from app.db.engine import OUTAGES, is_outage, is_unmigrated, open_database
from app.services.access import keys

log = structlog.get_logger(__name__)


async def require_keys(settings: Settings, host: str) -> None:
    """Misconfigured where others than this machine would reach a service that anybody may tell anything.

    A database that cannot be asked holds nothing up: until it says that there is a key, only this machine is
    answered.
    """
    if is_loopback(host):
        return
    if settings.oidc_issuer is not None and settings.auth == "keys":
        return
    if settings.auth == "none":
        log.warning("anybody who reaches this address may do anything: AUTH=none", host=host)
        return
    try:
        made = await any_key_made(settings)
    except OUTAGES as error:
        if not (is_outage(error) or is_unmigrated(error)):
            raise
        log.warning("not known whether there are keys; they are demanded", reason=type(error).__name__)
        return
    if not made:
        raise Misconfigured(
            f"HOST is {host}, which others can reach, and no key was ever made: make one"
            " (python -m app keys create NAME --scope admin), or say AUTH=none."
        )


async def any_key_made(settings: Settings) -> bool:
    """Whether there is a key, or was one, so that callers need one. Raises one of OUTAGES."""
    database = open_database(settings)
    try:
        return await keys.any_made(database.statements)
    finally:
        await database.aclose()


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches an address that is listened on."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
