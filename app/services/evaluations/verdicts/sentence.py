"""A comparison in one sentence."""

from collections import Counter
from collections.abc import Sequence

from app.schemas.evaluations.directions import DIRECTIONS
from app.schemas.evaluations.runs import ComparedMetric

UNDEFINED = "not comparable"
"""Where a metric has no difference: it is undefined for one of the two, or there is no interval."""
TAILS = ("undecided", "the same", UNDEFINED)


def of(compared: Sequence[ComparedMetric], name: str) -> str:
    """Whether what ``name`` names (``version 2``) is better, by the metrics of all records in the whole
    window that are a matter of better: ``version 2 is better on 8 of 8 metrics``. Without a full stop."""
    whole = [one for one in compared if (one.slice, one.bucket) == ("", "") and one.metric in DIRECTIONS]
    found = Counter(_kind(one) for one in whole)
    total = f"{len(whole)} metric{'' if len(whole) == 1 else 's'}"
    if found[UNDEFINED] == len(whole):
        return f"{name} cannot be compared{_why(whole)}"
    tail = "".join(f", {kind} on {found[kind]}" for kind in TAILS if found[kind])
    match found["better"], found["worse"]:
        case 0, 0 if found["the same"] == len(whole):
            return f"{name} is the same on {found['the same']} of {total}"
        case 0, 0:
            return f"{name} is neither better nor worse on any of {total}{tail}"
        case better, 0:
            return f"{name} is better on {better} of {total}{tail}"
        case 0, worse:
            return f"{name} is worse on {worse} of {total}{tail}"
        case better, worse:
            return f"{name} is better on {better} of {total}, worse on {worse}{tail}"
    raise AssertionError  # pragma: no cover - the cases above are all there are


def _kind(one: ComparedMetric) -> str:
    if one.difference is None:
        return UNDEFINED
    return "the same" if one.verdict == "same" else one.verdict


def _why(whole: Sequence[ComparedMetric]) -> str:
    """The reasons, each once; where there is no metric, that."""
    reasons = dict.fromkeys(one.reason for one in whole if one.reason)
    return f": {'; '.join(reasons)}" if whole else ": the two have no metric that is a matter of better"
