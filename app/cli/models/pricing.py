"""``python -m app models price`` and ``prices``."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.terminal.options import HowMany
from app.cli.terminal.output import FormatOption, say_more, show, show_one

if TYPE_CHECKING:
    from app.schemas.overview.prices import Price, PricePage

SHOWN = ("model", "version", "per", "amount", "currency", "valid_from")
OfModel = Annotated[str, typer.Argument(metavar="NAME", help="The model.")]
OnlyVersion = Annotated[
    str | None,
    typer.Option(help="Of this version alone. Default: of all versions that have no price of their own."),
]


def price(
    name: OfModel,
    amount: Annotated[str | None, typer.Option(help="How much, such as 0.23.")] = None,
    currency: Annotated[str | None, typer.Option(help="Its code in ISO 4217, such as USD.")] = None,
    per: Annotated[
        str | None, typer.Option(help="What costs so much: a row, a call, or an hour that calls take.")
    ] = None,
    version: OnlyVersion = None,
    valid_from: Annotated[
        str | None,
        typer.Option("--from", help="A full hour, such as 2026-01-01T00:00:00Z. Default: the present one."),
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="It has no price from then on.")] = False,
    form: FormatOption = "table",
) -> None:
    """Say what inferences of a model cost, from an hour on: the overview tells what the cache saved.

    No price is ever changed: a later one takes its place.
    """
    from app.core.errors import InvalidInput

    if end == (amount is not None):
        raise InvalidInput("Give --amount with --per and --currency, or --end.")
    body = {"amount": amount, "currency": currency, "per": per, "version": version, "valid_from": valid_from}
    show_one(asyncio.run(_add(name, body)), form, fields=SHOWN)


def prices(
    name: OfModel,
    limit: HowMany = 100,
    form: FormatOption = "table",
) -> None:
    """Show the prices of a model and its versions, the last that were added first."""
    found = asyncio.run(_page(name, limit))
    show(found.items, SHOWN, form)
    say_more(found.next_cursor, limit)


async def _add(name: str, body: Mapping[str, str | None]) -> "Price":
    from pydantic import ValidationError

    from app.cli.database import open_sessions
    from app.core.errors import InvalidInput
    from app.schemas.faults import faults_of
    from app.schemas.overview.prices import NewPrice
    from app.services.overview import pricing

    try:
        new = NewPrice.model_validate(body)
    except ValidationError as error:
        raise InvalidInput("This is no price.", errors=faults_of(error)) from error
    async with open_sessions() as sessions:
        return await pricing.add(sessions, name, new)


async def _page(name: str, limit: int) -> "PricePage":
    from app.cli.database import open_sessions
    from app.services.overview import pricing

    async with open_sessions() as sessions:
        return await pricing.page(sessions, name, limit=limit, cursor=None)
