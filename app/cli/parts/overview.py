"""``python -m app overview``."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from app.cli.database import open_sessions
from app.cli.terminal import output
from app.cli.terminal.output import Column, FormatOption
from app.core.settings import Settings

if TYPE_CHECKING:
    from app.schemas.overview.overview import LatencyPercentiles, Money, Overview, OverviewStep

LastWhile: TypeAlias = Literal["1h", "24h", "7d", "30d"]
OverviewColumn: TypeAlias = "Column[Overview]"


def overview(
    window: Annotated[LastWhile, typer.Option(help="How far back.")] = "24h", form: FormatOption = "table"
) -> None:
    """What was answered, how fast, what failed and what the cache saved.

    As CSV it has a line for each hour, or whatever the steps of the window are.
    """
    found = asyncio.run(_overview(window))
    if form == "csv":
        output.show(found.steps, _of_steps(), form)
    else:
        output.show_one(found, form, fields=_figures())


async def _overview(window: LastWhile) -> "Overview":
    from app.db.engine import create_direct
    from app.services.overview.overview import overview as look
    from app.services.tallies import AnswerNotes

    direct = create_direct(Settings())
    try:
        async with open_sessions() as sessions:
            return await look(sessions, AnswerNotes(direct), window=window)
    finally:
        await direct.aclose()


def _figures() -> "tuple[str | OverviewColumn, ...]":
    return (
        *("answered_since", "answered_until"),
        Column("answers", lambda one: _counted(one.answers.model_dump())),
        Column("waited for", lambda one: _counted(one.asked.model_dump())),
        Column("hit rate", lambda one: None if one.hit_rate is None else f"{one.hit_rate:.1%}"),
        Column("hits", lambda one: _times(one.hit_latency)),
        Column("misses", lambda one: _times(one.miss_latency)),
        Column("errors", lambda one: _counted({each.cause: each.answers for each in one.errors})),
        Column("inferences", lambda one: f"{one.inferences.rows:,} rows in {one.inferences.calls:,} calls"),
        Column("saved", lambda one: _sum(one.savings.would_have_cost)),
        Column("paid", lambda one: _sum(one.savings.cost)),
        Column(
            "without a price",
            lambda one: _counted({each.model: each.answers for each in one.savings.unpriced}),
        ),
        Column("live", lambda one: ", ".join(f"{each.model} {each.version}" for each in one.live_versions)),
        Column("waiting", lambda one: _counted({each.kind: each.waiting for each in one.queue})),
        "workers",
    )


def _of_steps() -> "tuple[str | Column[OverviewStep], ...]":
    counts = ("hit", "miss", "coalesced", "stale", "error")
    return ("at", *(_count(name) for name in counts))


def _count(name: str) -> "Column[OverviewStep]":
    return Column(name, lambda one: one.answers.model_dump()[name])


def _counted(counts: dict[str, int]) -> str | None:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or None


def _times(latency: "LatencyPercentiles") -> str | None:
    found = {"p50": latency.p50, "p95": latency.p95, "p99": latency.p99}
    return ", ".join(f"{name} {value:,.1f} ms" for name, value in found.items() if value is not None) or None


def _sum(amounts: "list[Money]") -> str | None:
    return ", ".join(f"{one.amount} {one.currency}" for one in amounts) or None
