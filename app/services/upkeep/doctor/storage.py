"""The storage: an object of our own is written, read and deleted."""

import secrets
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from app.core.errors import AppError
from app.core.settings import Settings
from app.schemas.health import Finding
from app.services.upkeep.doctor.looking import fault, ok, skipped, warning
from app.storage import Storage, open_storage

CHECK = "storage"
DO = (
    "Look at STORAGE_URL, AWS_ENDPOINT_URL_S3 and the credentials (docs/deploy.md has the rights);"
    " `python -m app storage init` makes the bucket."
)
PREFIX = "doctor/"
"""Where the probe objects are; nothing else is there."""
T = TypeVar("T")


async def look(settings: Settings) -> Iterable[Finding]:
    """Whether the bucket is there, and may be written to, read from and deleted from."""
    if settings.storage_url is None:
        return [
            skipped(CHECK, "STORAGE_URL is not set: there are no reports and no results of jobs as files.")
        ]
    opened = open_storage(settings.storage_url)
    await opened.check()
    key, content = f"{PREFIX}{secrets.token_hex(8)}", secrets.token_bytes(32)
    await _step("A probe object cannot be written.", opened.put(key, content))
    found = await _step("A probe object that was written cannot be read.", opened.get(key))
    if found != content:
        return [fault(CHECK, "A probe object is not read as it was written.", DO)]
    return [await _deleted(opened, key)]


async def _deleted(opened: Storage, key: str) -> Finding:
    try:
        await opened.delete(key)
    except AppError as error:
        said = f"It can be written to and read from, and not deleted from: {key} stays. {error.detail}"
        return warning(CHECK, said, "The service needs no such right; delete the object yourself.")
    return ok(CHECK, "An object was written, read and deleted.")


async def _step(failed: str, work: Awaitable[T]) -> T:
    try:
        return await work
    except AppError as error:
        raise error.after(failed) from error
