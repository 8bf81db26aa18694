"""A job's results on standard output and in files, read chunk by chunk."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal, TextIO, TypeAlias

import typer

from app.cli.database import open_sessions
from app.cli.terminal import files, progress
from app.db.engine import Sessions
from app.schemas.jobs.jobs import ResultLine
from app.services.jobs import results

ResultFormat: TypeAlias = Literal["csv", "json", "ndjson"]
FORMATS: dict[str, ResultFormat] = {".csv": "csv", ".json": "json"}


async def write(job_id: int, output: Path, records: int) -> None:
    """Into a file, of the format that its name says. It takes its name when it is complete.

    A device, a pipe and what a link leads to are written to as they are.
    """
    file_format = FORMATS.get(output.suffix.lower(), "ndjson")
    if not files.is_plain(output):
        with files.named(output), output.open("w", encoding="utf-8", newline="") as file:
            await _write(job_id, file, file_format, records)
        return
    unfinished = output.with_name(f"{output.name}.part")
    try:
        with files.named(unfinished), unfinished.open("w", encoding="utf-8", newline="") as file:
            await _write(job_id, file, file_format, records)
        unfinished.replace(output)
    except BaseException:
        if unfinished.is_file():
            unfinished.unlink()
        raise


async def _write(job_id: int, file: TextIO, file_format: ResultFormat, records: int) -> None:
    lines = 0
    with progress.counted(f"Writing {file.name.removesuffix('.part')}", records) as count:
        async with open_sessions() as sessions:
            async for part in await _parts(sessions, job_id, file_format):
                file.write(part)
                lines += part.count("\n")
                count(min(lines, records))


async def print_all(job_id: int, file_format: ResultFormat) -> None:
    """To standard output."""
    async with open_sessions() as sessions:
        async for part in await _parts(sessions, job_id, file_format):
            typer.echo(part, nl=False)


async def first(job_id: int, count: int) -> list[ResultLine]:
    """The first lines, by the order of the ids."""
    found = list[ResultLine]()
    async with open_sessions() as sessions:
        async for part in await results.read(sessions, job_id, "ndjson"):
            found += [ResultLine.model_validate_json(line) for line in part.split("\n") if line]
            if len(found) >= count:
                break
    return found[:count]


async def _parts(sessions: Sessions, job_id: int, file_format: ResultFormat) -> AsyncIterator[str]:
    if file_format != "json":
        return await results.read(sessions, job_id, file_format)
    return as_array(await results.read(sessions, job_id, "ndjson"))


async def as_array(parts: AsyncIterator[str]) -> AsyncIterator[str]:
    """Lines of JSON as one array."""
    before = "[\n"
    async for part in parts:
        for line in filter(None, part.split("\n")):
            yield f"{before}{line}"
            before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"
