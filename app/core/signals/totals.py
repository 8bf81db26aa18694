"""The totals of one process or of several, as they are handed on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, TypeAlias

from app.core.signals.answered import AnsweredKey, answers
from app.core.signals.called import CallKey, CallTotals, calls
from app.core.signals.histogram import ROWS, SECONDS, Histogram
from app.core.signals.requested import RequestKey, requests

FORM = [1, [*SECONDS], [*ROWS]]
"""Of what is handed on. The first number changes with what is below."""
Gauge: TypeAlias = tuple[str, tuple[str, ...]]
"""A name, and the values of its labels."""
Gauges: TypeAlias = Mapping[Gauge, float]
"""What is so now, and may be less in a moment: connections in use, say."""


@dataclass
class Totals:
    """Sums over processes; the gauges are those of the living."""

    answers: dict[AnsweredKey, Histogram] = field(default_factory=dict)
    calls: dict[CallKey, CallTotals] = field(default_factory=dict)
    requests: dict[RequestKey, Histogram] = field(default_factory=dict)
    gauges: dict[Gauge, float] = field(default_factory=dict)

    @classmethod
    def of_this_process(cls, gauges: Gauges) -> Self:
        """A copy, which stays as it is."""
        found = cls()
        found.add(cls(answers, calls, requests, dict(gauges)))
        return found

    def add(self, other: "Totals", *, is_alive: bool = True) -> None:
        """Those of another process; of one that has ended its gauges are not so any more."""
        for answered, histogram in other.answers.items():
            self.answers.setdefault(answered, Histogram()).add(histogram)
        for called, totals in other.calls.items():
            self.calls.setdefault(called, CallTotals()).add(totals)
        for requested, histogram in other.requests.items():
            self.requests.setdefault(requested, Histogram()).add(histogram)
        for gauge, value in other.gauges.items() if is_alive else ():
            self.gauges[gauge] = self.gauges.get(gauge, 0) + value

    def to_json(self) -> str:
        return json.dumps(
            {
                "form": FORM,
                "answers": [[key, *_plain(one)] for key, one in self.answers.items()],
                "calls": [
                    [key, *_plain(one.seconds), *_plain(one.rows), one.retries]
                    for key, one in self.calls.items()
                ],
                "requests": [[key, *_plain(one)] for key, one in self.requests.items()],
                "gauges": [[*gauge, value] for gauge, value in self.gauges.items()],
            },
            separators=(",", ":"),
        )

    @classmethod
    def of_json(cls, text: str) -> Self:
        """What ``to_json`` has written; nothing of what a release of another form did."""
        found, said = cls(), json.loads(text)
        if said["form"] != FORM:
            return found
        for key, *plain in said["answers"]:
            _fill(found.answers.setdefault(AnsweredKey(*key), Histogram()), *plain)
        for key, *plain in said["calls"]:
            totals = found.calls.setdefault(CallKey(*key), CallTotals())
            _fill(totals.seconds, *plain[:2])
            _fill(totals.rows, *plain[2:4])
            totals.retries = plain[4]
        for key, *plain in said["requests"]:
            _fill(found.requests.setdefault(RequestKey(*key), Histogram()), *plain)
        found.gauges = {(name, tuple(labels)): value for name, labels, value in said["gauges"]}
        return found


def _plain(one: Histogram) -> tuple[list[int], float]:
    return one.counts, one.total


def _fill(one: Histogram, counts: list[int], total: float) -> None:
    one.counts, one.total = counts, total
