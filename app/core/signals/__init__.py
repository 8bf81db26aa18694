"""What a process has done since its start: totals that only grow, for whoever wants to look.

Plain numbers in dictionaries, with no locks: all is noted by the one event loop, in a fraction of a
microsecond each. What is made of them lies elsewhere: `/metrics`, tallies in the database, pages. No name
that a caller made up is ever a key: a model and a version are named once they were found.
"""

from app.core.signals.answered import AnsweredAs, AnsweredKey, Origin, answers
from app.core.signals.called import CallKey, CallTotals, VersionCalls, calls
from app.core.signals.histogram import ROWS, SECONDS, Histogram
from app.core.signals.requested import RequestKey, RequestSignals, requests
from app.core.signals.stages import STAGES, timed

__all__ = [
    "ROWS",
    "SECONDS",
    "STAGES",
    "AnsweredAs",
    "AnsweredKey",
    "CallKey",
    "CallTotals",
    "Histogram",
    "Origin",
    "RequestKey",
    "RequestSignals",
    "VersionCalls",
    "answers",
    "calls",
    "requests",
    "timed",
]
