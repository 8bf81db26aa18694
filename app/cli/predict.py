"""``python -m app predict``."""

from typing import Annotated

import typer

from app.cli.terminal.options import ModelOption, WhichVersion
from app.cli.terminal.output import FormatOption

RecordIds = Annotated[list[str], typer.Argument(metavar="RECORD_ID", help="Which records.")]
Refresh = Annotated[bool, typer.Option("--refresh", help="Infer anew, and supersede what is cached.")]
Explain = Annotated[
    bool, typer.Option("--explain", help="What each feature contributed, by a version that has an explainer.")
]


def predict(
    record_ids: RecordIds,
    model: ModelOption = None,
    version: WhichVersion = None,
    refresh: Refresh = False,
    explain: Explain = False,
    form: FormatOption = "table",
) -> None:
    """Predict records now. `jobs start` has workers predict many.

    The exit code is 3 if some of them could not be predicted.
    """
    from app.cli.predictions import predicting

    predicting.predict(record_ids, model, version, refresh=refresh, explain=explain, form=form)
