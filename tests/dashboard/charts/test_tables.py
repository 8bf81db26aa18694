"""A figure's numbers as a table."""

from pydantic import JsonValue

from app.api.web import assets
from app.dashboard.charts.bundle import NAME, style_id
from app.dashboard.charts.tables import table_of


def test_traces_are_columns_over_all_places() -> None:
    interval: JsonValue = {"array": [2, 2], "arrayminus": [1, 1]}
    found = table_of(
        {
            "data": [
                {"name": "1", "x": ["mon", "tue"], "y": [1, None], "error_y": interval},
                {"name": "2", "x": ["tue", "wed"], "y": [3, 4]},
                {"name": "band", "x": ["mon"], "y": [9], "hoverinfo": "skip"},
            ],
            "layout": {"xaxis": {"title": {"text": "day"}}},
        }
    )
    assert found.head == ["day", "1", "2"]
    assert found.rows == [["mon", [1, 0, 3], None], ["tue", None, 3], ["wed", None, 4]]


def test_bars_that_lie_have_their_places_on_y() -> None:
    bars: JsonValue = {"type": "bar", "orientation": "h", "x": [3, 7], "y": ["a", "b"]}
    found = table_of({"data": [bars], "layout": {"xaxis": {"title": "errors"}, "yaxis": {"title": "cause"}}})
    assert (found.head, found.rows) == (["cause", "errors"], [["a", 3], ["b", 7]])


def test_a_figure_with_nothing_in_it_is_an_empty_table() -> None:
    assert table_of({}) == ([""], [])


def test_the_style_sheet_that_the_policy_refuses_is_known_by_its_id() -> None:
    assert len(style_id()) == 64
    written = assets.known()[NAME].body.count(b'createElement("style")')
    assert written == 2, "the other one is empty at first, which the policy allows; is there a third?"
