"""From the model's outputs to what callers get.

``postprocess`` gets the outputs as the platform sent them (a number, a list, an object), many at a time, and
returns one result for each, in their order: anything that JSON can hold. Results are stored and compared, so
they depend on the output alone; or, with ``postprocess(outputs, context)``, on its version and input, too
(app/schemas/context.py). Raise BadOutput (app.core.errors) for one that is no prediction: the caller gets
502, and nothing is stored. This file is part of every prediction's key, as preprocess.py is.
"""

from collections.abc import Sequence

from pydantic import JsonValue


def postprocess(outputs: Sequence[JsonValue]) -> list[JsonValue]:
    """One result per output: here as the model gave it."""
    return list(outputs)
