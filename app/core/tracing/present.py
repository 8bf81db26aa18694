"""Whether this process traces."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.tracing.spans import Spans


class Tracing:
    """``spans`` is where spans are made; None: nothing is traced."""

    spans: "Spans | None" = None


TRACING = Tracing()
"""Of this process. ``exporting`` turns it on and off."""
