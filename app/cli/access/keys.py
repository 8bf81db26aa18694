"""``python -m app keys``."""

import asyncio
import os
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.database import open_sessions
from app.cli.terminal import files, output
from app.cli.terminal.output import Column, FormatOption
from app.core.errors import FieldError, InvalidInput
from app.schemas.access.callers import SCOPES, KeyScope

if TYPE_CHECKING:
    from app.db.tables.serving import ApiKeyRow
    from app.services.access.keys import NewKey

commands = typer.Typer(no_args_is_help=True, help="The keys of callers.")

TIME = re.compile(r"([1-9]\d{0,6})([smhdw])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
RIGHT = "must be a number and s, m, h, d or w, such as 90d"

KeyName = Annotated[str, typer.Argument(metavar="NAME", help="Who uses it, such as a service's name.")]
Scopes = Annotated[list[str], typer.Option("--scope", help=f"{', '.join(SCOPES)}; repeatable.")]
Expires = Annotated[str | None, typer.Option(help="How long it is valid, such as 90d.  [default: for ever]")]
Models = Annotated[
    list[str] | None, typer.Option("--model", help="Only this model; repeatable.  [default: any]")
]
RecordPrefix = Annotated[str, typer.Option(help="Only records whose ids begin with this.")]
Rate = Annotated[float | None, typer.Option(help="Requests a second.  [default: no limit]")]
Budget = Annotated[int | None, typer.Option(help="Inferences a day (UTC).  [default: no limit]")]
OnlyFirst = Annotated[bool, typer.Option("--only-first", help="Do nothing if any key was ever made.")]
Into = Annotated[
    Path | None,
    typer.Option(help="Write it to this file, for its owner alone, and do not show it."),
]


@commands.command()
def create(
    name: KeyName,
    scope: Scopes,
    expires: Expires = None,
    models: Models = None,
    record_prefix: RecordPrefix = "",
    rate: Rate = None,
    budget: Budget = None,
    only_first: OnlyFirst = False,
    into: Into = None,
) -> None:
    """Make a key, and show it this once: only its hash is kept. The first one shuts out who has none."""
    from app.services.access.keys import NewKey

    new = NewKey(name, _scopes(scope), _time(expires), models or None, record_prefix, rate, budget)
    if into is None:
        key = asyncio.run(_make(new, only_first=only_first))
        typer.echo("There are keys already." if key is None else key, err=key is None)
        return
    _write(into, new, only_first=only_first)


def _write(path: Path, new: "NewKey", *, only_first: bool) -> None:
    """Into a file that is whole before the key is one, whenever this process ends."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise _no_such("--into", "takes the name of a file; without it the key is printed")
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with files.named(path), open(beside, "x", opener=_for_its_owner) as file:

        def keep(key: str) -> None:
            file.write(f"{key}\n")
            file.flush()
            os.fsync(file.fileno())
            beside.replace(path)

        try:
            key = asyncio.run(_make(new, only_first=only_first, keep=keep))
        finally:
            beside.unlink(missing_ok=True)
    typer.echo("There are keys already." if key is None else f"The key {new.name!r} is in {path}.", err=True)


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


async def _make(new: "NewKey", *, only_first: bool, keep: Callable[[str], None] | None = None) -> str | None:
    from app.services.access import keys

    async with open_sessions() as sessions:
        return await keys.make(sessions, new, only_first=only_first, keep=keep)


@commands.command("list")
def list_keys(form: FormatOption = "table") -> None:
    """Show the keys, those that are no longer valid too; of the keys themselves nothing is known."""
    output.show(asyncio.run(_every()), LISTED, form)


async def _every() -> list[dict[str, object]]:
    from app.services.access import keys

    async with open_sessions() as sessions:
        return [_told(key, used) for key, used in await keys.every(sessions)]


def _told(key: "ApiKeyRow", used: int | None) -> dict[str, object]:
    """All but the hash."""
    return {
        "name": key.name,
        "state": _state(key),
        "scopes": key.scopes,
        "models": key.models,
        "record_prefix": key.record_prefix or None,
        "requests_per_second": key.requests_per_second,
        "inferences_per_day": key.inferences_per_day,
        "used_today": None if key.inferences_per_day is None else used or 0,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }


def _spaced(name: str) -> Column[dict[str, object]]:
    def joined(key: dict[str, object]) -> object:
        values = key[name]
        return " ".join(map(str, values)) if isinstance(values, list) else None

    return Column(name, joined)


LISTED: tuple[str | Column[dict[str, object]], ...] = (
    *("name", "state", _spaced("scopes"), _spaced("models"), "record_prefix"),
    Column("rate", lambda key: key["requests_per_second"]),
    Column("budget", lambda key: key["inferences_per_day"]),
    *("used_today", "created_at", "expires_at", "last_used_at"),
)


def _state(key: "ApiKeyRow") -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= datetime.now(UTC) else "valid"


@commands.command()
def revoke(name: KeyName) -> None:
    """Have a key refused, by every replica within five seconds. There is no way back: make a new one."""
    at = asyncio.run(_revoke(name))
    typer.echo(f"{name} was revoked at {at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}.")


async def _revoke(name: str) -> datetime:
    from app.services.access import keys

    async with open_sessions() as sessions:
        return await keys.revoke(sessions, name)


def _scopes(given: Iterable[str]) -> list[KeyScope]:
    asked = {one for text in given for one in text.split(",")}
    if asked - set(SCOPES):
        raise _no_such("--scope", f"takes {', '.join(SCOPES)}")
    return [scope for scope in SCOPES if scope in asked]


def _time(given: str | None) -> timedelta | None:
    if given is None:
        return None
    if (found := TIME.fullmatch(given)) is None:
        raise _no_such("--expires", RIGHT)
    try:
        return timedelta(**{UNITS[found[2]]: int(found[1])})
    except OverflowError as error:
        raise _no_such("--expires", RIGHT) from error


def _no_such(option: str, right: str) -> InvalidInput:
    return InvalidInput("There can be no such key.", errors=[FieldError(option, right)])
