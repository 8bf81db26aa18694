"""The arithmetic of the benchmarks: ratios by round, their spread, and when there is no verdict."""

import pytest

from benchmarks.speed.results.figures import Figure, Spread, ratios
from benchmarks.speed.results.outcome import Outcome
from benchmarks.speed.results.report import as_json, as_markdown


def figure(*rounds: float, limit: float, at_most: bool = False) -> Figure:
    return Figure("P0", "what", limit, Spread(rounds), at_most)


def test_a_ratio_is_of_one_round() -> None:
    # By the medians of all rounds, 300 and 200, it would be 1.5.
    spread = ratios([100, 300, 800], [50, 200, 1600])
    assert spread.rounds == (2.0, 1.5, 0.5)
    assert (spread.low, spread.median, spread.high) == (0.5, 1.5, 2.0)


def test_rounds_that_lack_a_partner_are_no_ratios() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([1, 2, 3], [1, 2])


@pytest.mark.parametrize(
    ("rounds", "limit", "at_most", "verdict"),
    [
        ((1.4, 1.5, 1.45), 1.3, False, "met"),
        ((1.3, 1.3, 1.3), 1.3, False, "met"),
        ((0.1, 0.5, 0.2), 1.3, False, "not met"),
        ((2.0, 2.2, 2.1), 3.0, True, "met"),
        ((3.4, 3.5, 3.6), 3.0, True, "not met"),
        ((3.0, 3.0), 3.0, True, "met"),
        # The rounds disagree.
        ((1.2, 1.5, 1.4), 1.3, False, "spread too wide"),
        # They agree, but the figure is nearer than half of their range.
        ((1.4, 1.8, 1.6), 1.3, False, "spread too wide"),
        ((2.5, 2.9, 2.7), 3.0, True, "spread too wide"),
        ((0.9, 1.2, 1.0), 1.3, False, "spread too wide"),
        # Half of their range lies between.
        ((1.5, 1.8, 1.6), 1.3, False, "met"),
        # One round says nothing of its spread.
        ((9.0,), 1.3, False, "spread too wide"),
    ],
)
def test_there_is_a_verdict_where_the_spread_allows_one(
    rounds: tuple[float, ...], limit: float, at_most: bool, verdict: str
) -> None:
    assert figure(*rounds, limit=limit, at_most=at_most).verdict == verdict


def measured() -> Outcome:
    outcome = Outcome("hits")
    for ours, floor in ((100.0, 200.0), (90.0, 100.0)):
        outcome.add("ours", {"a second": ours}, "32")
        outcome.add("the floor", {"a second": floor}, "32")
        outcome.add("ours", {"a second": 1.0}, "1")
    outcome.compare("a second", "the floor")
    outcome.judge("P1", "hits", 1.3, outcome.ratio("a second", "ours", "the floor", "32"))
    return outcome


def test_programs_are_compared_under_the_same_load() -> None:
    ratio = measured().ratios
    assert ratio["ours", "32"]["a second / the floor"].rounds == (0.5, 0.9)
    assert ("ours", "1") not in ratio


def test_the_report_has_every_round_and_the_verdict() -> None:
    outcome = measured()
    text = as_markdown({"processor": "one"}, [outcome], rounds=2)
    assert "| ours | 32 | 95 (90 to 100) | 0.7 (0.5 to 0.9) |" in text
    assert "| P1 | hits | at least 1.3 | 0.7 (0.5 to 0.9) | not met |" in text
    told = as_json({"processor": "one"}, [outcome])
    assert isinstance(told, dict)
    assert told["scenarios"] == {
        "hits": {
            "measured": [
                {
                    **{"program": "ours", "at": "32", "values": {"a second": [100.0, 90.0]}},
                    "ratios": {"a second / the floor": [0.5, 0.9]},
                },
                {
                    **{"program": "the floor", "at": "32", "values": {"a second": [200.0, 100.0]}},
                    "ratios": {"a second / the floor": [1.0, 1.0]},
                },
                {"program": "ours", "at": "1", "values": {"a second": [1.0, 1.0]}, "ratios": {}},
            ],
            "figures": [
                {
                    **{"name": "P1", "what": "hits", "limit": 1.3, "at_most": False},
                    **{"measured": [0.5, 0.9], "verdict": "not met"},
                }
            ],
            "notes": [],
        }
    }
