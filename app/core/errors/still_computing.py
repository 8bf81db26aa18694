"""The error of what is computed on while its caller goes away.

It is not beside the others: their module is part of the code of whoever's postprocess raises one of them, and
a change of it makes every prediction of theirs anew.
"""

from app.core.errors import NotInTime


class StillComputing(NotInTime):
    """An operation goes on with it. ``accepted``: its caller would rather be told so at once, and come back,
    than wait; that is a 202."""

    operation_id: int = 0
    accepted: bool = False
