"""What `/metrics` says, read by prometheus_client's own parsers."""

from collections.abc import Callable, Iterable
from typing import TypeAlias, cast

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from app.services.signals.families import PREFIX

Samples: TypeAlias = dict[tuple[str, frozenset[tuple[str, str]]], float]
_Read: TypeAlias = Callable[[str], Iterable[Metric]]


def families_of(text: str, *, as_openmetrics: bool = False) -> list[Metric]:
    return [*cast(_Read, openmetrics if as_openmetrics else plain)(text)]


def samples(text: str) -> Samples:
    """Values by name, without the prefix, and labels."""
    return {
        (one.name.removeprefix(PREFIX), frozenset(one.labels.items())): one.value
        for family in families_of(text)
        for one in family.samples
    }


def value(text: str, name: str, **labels: str) -> float:
    """The sum of all samples of a name that have these labels, among others."""
    return sum(
        found
        for (sample, of), found in samples(text).items()
        if sample == name and frozenset(labels.items()) <= of
    )
