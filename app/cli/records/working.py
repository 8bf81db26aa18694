"""What the commands of single records do, once all that they need is imported."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import typer
from pydantic import JsonValue

from app.cli.database import open_sessions, use_case
from app.cli.parts import paging
from app.cli.parts.values import label_of
from app.cli.terminal import exits, output
from app.cli.terminal.options import moment
from app.cli.terminal.output import Column, Format
from app.core.errors import AppError, NotFound, PreconditionFailed
from app.db.engine import Sessions
from app.schemas.ids import check_new_record_id, check_record_id
from app.schemas.records.records import Record
from app.services.records import labels, records
from app.services.records.records import Objection

T = TypeVar("T")
COLUMNS: tuple[str | Column[Record], ...] = (
    "id",
    Column[Record]("label", lambda one: None if one.label is None else one.label.value),
    *("updated_at", "input"),
)


def run(work: Callable[[Sessions], Awaitable[T]]) -> T:
    """What comes of ``work`` on the database."""

    async def in_sessions() -> T:
        async with open_sessions() as sessions:
            return await work(sessions)

    return asyncio.run(in_sessions())


def show_all(prefix: str, limit: int, form: Format) -> None:
    async def read(sessions: Sessions) -> tuple[list[Record], str | None]:
        return await paging.up_to(
            limit, lambda most, at: records.page(sessions, limit=most, cursor=at, prefix=prefix)
        )

    found, more = run(read)
    output.show(found, COLUMNS, form, below="input")
    output.say_more(more, limit)


def show(record_id: str, form: Format) -> None:
    wanted = check_record_id(record_id)
    output.show_one(run(lambda sessions: records.get(sessions, wanted)), form)


def put(record_id: str, given: JsonValue, objection: Objection, form: Format) -> None:
    wanted = check_new_record_id(record_id)
    record, is_new = run(
        lambda sessions: records.put(sessions, use_case(), wanted, given, objection=objection)
    )
    typer.echo("Created." if is_new else "Replaced, or unchanged.", err=True)
    output.show_one(record, form)


def objection(if_match: str | None, *, only_new: bool) -> Objection:
    """Why a write may not go ahead: what If-Match and If-None-Match are to a request."""

    def object_to(stored: str | None) -> str | None:
        if only_new and stored is not None:
            return "There is such a record."
        if if_match is not None and stored != if_match:
            return f"The record's content hash is {stored}." if stored else "There is no such record."
        return None

    return object_to


def label(record_id: str, value: str, observed_at: str | None, form: Format) -> None:
    wanted, at = check_record_id(record_id), moment("--observed-at", observed_at)
    case = use_case()
    truth = label_of(case, value)
    output.show_one(
        run(lambda sessions: labels.put_label(sessions, case, wanted, truth, observed_at=at)), form
    )


def unlabel(record_id: str) -> None:
    wanted = check_record_id(record_id)
    run(lambda sessions: labels.delete_label(sessions, wanted))


def show_label(record_id: str, form: Format) -> None:
    wanted = check_record_id(record_id)
    output.show_one(run(lambda sessions: labels.get_label(sessions, wanted)), form)


def delete(record_ids: Sequence[str], if_match: str | None) -> None:
    """Delete them one by one: those that are not there are told, and the others go."""
    wanted = [check_record_id(one) for one in dict.fromkeys(record_ids)]
    faults = run(lambda sessions: _deleted(sessions, wanted, if_match))
    for fault in faults:
        typer.echo(f"  {fault.detail}", err=True)
    typer.echo(f"Deleted: {len(wanted) - len(faults):,} of {len(wanted):,} records.", err=True)
    if faults:
        raise typer.Exit(exits.PARTLY_FAILED if len(faults) < len(wanted) else exits.BAD_INPUT)


async def _deleted(sessions: Sessions, wanted: Sequence[str], if_match: str | None) -> list[AppError]:
    faults = list[AppError]()
    for record_id in wanted:
        try:
            await records.delete(sessions, record_id, objection=objection(if_match, only_new=False))
        except (NotFound, PreconditionFailed) as error:
            faults.append(error)
    return faults
