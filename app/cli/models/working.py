"""What the commands of models do, once all that they need is imported."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import typer
from pydantic import JsonValue, ValidationError

from app.cli.database import open_sessions, use_case
from app.cli.parts import paging
from app.cli.terminal import output
from app.cli.terminal.output import Column, Format
from app.core.errors import InvalidInput
from app.core.settings import Settings
from app.db.engine import Sessions
from app.schemas.faults import faults_of
from app.schemas.models import LiveStretch, Model, ModelVersion, NewVersion
from app.services.inference import Inference
from app.services.models import deletion, history, listing, versions
from app.services.models import rollback as rollbacks

T = TypeVar("T")
VersionColumn = Column[ModelVersion]
COLUMNS: tuple[str | VersionColumn, ...] = (
    VersionColumn("live", lambda one: "*" if one.live else None),
    *("model", "version", "backend", "revision"),
    VersionColumn("pending", lambda one: "yes" if one.pending else None),
    "created_at",
)
"""What fits a line; ``--format json`` has the rest."""


def run(work: Callable[[Sessions], Awaitable[T]]) -> T:
    """What comes of ``work`` on the database."""

    async def in_sessions() -> T:
        async with open_sessions() as sessions:
            return await work(sessions)

    return asyncio.run(in_sessions())


def show(found: Sequence[ModelVersion], form: Format) -> None:
    output.show(found, COLUMNS, form)


def show_all(form: Format) -> None:
    found = run(versions.list_all)
    show([version for model in found for version in model.versions], form)


def show_model(name: str, form: Format) -> None:
    """A model with its versions; as JSON it is one object, as the API has it."""
    found = run(lambda sessions: versions.get(sessions, name))
    if form == "json":
        output.show_one(found, form)
    else:
        show(found.versions, form)


def show_version(name: str, version: str, form: Format) -> None:
    output.show_one(run(lambda sessions: listing.get_version(sessions, name, version)), form)


def show_history(name: str, limit: int, form: Format) -> None:
    async def read(sessions: Sessions) -> tuple[list[LiveStretch], str | None]:
        return await paging.up_to(limit, lambda most, at: history.page(sessions, name, limit=most, cursor=at))

    found, more = run(read)
    output.show(found, tuple(LiveStretch.model_fields), form)
    output.say_more(more, limit)


def register(model: str, body: JsonValue, form: Format) -> None:
    try:
        new = NewVersion.model_validate(body)
    except ValidationError as error:
        raise InvalidInput("The version does not fit.", errors=faults_of(error)) from error
    registered, is_new = run(lambda sessions: _register(sessions, model, new))
    if form == "table":
        typer.echo(f"{'Registered' if is_new else 'Already registered'}: {_in_words(registered)}")
    else:
        output.show_one(registered, form)
    if registered.warning:
        typer.echo(f"Note: {registered.warning}", err=True)


def promote(model: str, version: str, form: Format, *, probe: bool | None) -> None:
    _say(run(lambda sessions: _promote(sessions, model, version, probe=probe)), form)


def delete(model: str, version: str) -> None:
    run(lambda sessions: deletion.delete(sessions, model, version))


def roll_back(model: str, form: Format) -> None:
    done = run(lambda sessions: rollbacks.roll_back(sessions, use_case(), model))
    if form == "table":
        typer.echo(f"Rolled back {model} from {done.left_version} to {done.live_version}:")
    _say(done, form)


def _say(changed: Model, form: Format) -> None:
    """What is live now: a line for each version, or all that the API answers."""
    if form == "json":
        output.show_one(changed, form)
    elif form == "csv":
        show(changed.versions, form)
    else:
        for version in changed.versions:
            typer.echo(_in_words(version))


def _in_words(version: ModelVersion) -> str:
    star = "*" if version.live else " "
    changing = ", a change is under way" if version.pending else ""
    revision = f" ({version.revision}{changing})" if version.revision else ""
    return f"{star} {version.model} {version.version}: {version.backend}{revision}"


async def _register(sessions: Sessions, model: str, new: NewVersion) -> tuple[ModelVersion, bool]:
    async with _inference() as inference:
        return await versions.register(sessions, use_case(), inference, model, new)


async def _promote(sessions: Sessions, model: str, version: str, *, probe: bool | None) -> Model:
    async with _inference() as inference:
        return await versions.promote(sessions, use_case(), inference, model, version, probe=probe)


@asynccontextmanager
async def _inference() -> AsyncIterator[Inference]:
    inference = Inference(Settings())
    try:
        yield inference
    finally:
        await inference.aclose()
