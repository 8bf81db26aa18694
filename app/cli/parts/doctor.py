"""``python -m app doctor``."""

from typing import Annotated

import typer

from app.cli.terminal.output import FormatOption

ProbeRows = Annotated[
    bool, typer.Option("--probe", help="Send each live version a row, which may cost and wakes what sleeps.")
]
Processes = Annotated[
    int,
    typer.Option(
        metavar="N", help="How many processes of `serve` there are, on all machines together.", min=1
    ),
]


def doctor(probe: ProbeRows = False, processes: Processes = 1, form: FormatOption = "table") -> None:
    """Look at all that the service needs, and say of each fault what to do about it.

    Nothing is changed; in the storage an object is written and deleted. The exit code is 1 if something is
    set up wrongly, 4 if only parts are away, else 0.
    """
    from app.cli.parts import examining

    examining.run(form, probes=probe, processes=processes)
