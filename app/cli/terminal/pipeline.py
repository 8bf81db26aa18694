"""Whether what this process predicts is what the service would."""

import typer

from app.db.engine import Sessions
from app.db.server import codes

WARNING = (
    "Warning: the service and workers on this database run other code than this shell (pipeline version"
    " {ours}): they will not find what it predicts. Predict where they run, or restart them on this code;"
    " `python -m app code` says what counts."
)


async def warn(sessions: Sessions, pipeline_version: str) -> None:
    """One line on standard error, unless somebody runs this code or nobody any."""
    async with sessions() as session:
        is_another = await codes.is_another(session, pipeline_version)
    if is_another:
        typer.echo(WARNING.format(ours=pipeline_version), err=True)
