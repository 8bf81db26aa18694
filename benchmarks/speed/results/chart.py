"""A bar chart of hits a second, as SVG."""

from collections.abc import Sequence
from html import escape

from benchmarks.speed.results.figures import Spread
from benchmarks.speed.results.outcome import Outcome

WIDTH, LABELS, ROW, BAR, TOP = 760, 290, 30, 18, 54
FONT = "system-ui, sans-serif"
OURS, OTHERS, LINE, TEXT = "#0969da", "#8c959f", "#57606a", "#24292f"


def draw(outcome: Outcome, quantity: str, at: str, title: str, *, own: str) -> str:
    """A bar for each program's median under a load, with a line from its least to its most; those whose names
    begin with ``own`` stand out."""
    rows = [
        (program, Spread(tuple(values[quantity])))
        for (program, load), values in outcome.cells.items()
        if load == at and quantity in values
    ]
    rows.sort(key=lambda row: row[1].median, reverse=True)
    scale = (WIDTH - LABELS - 70) / max(spread.high for _, spread in rows)
    height = TOP + ROW * len(rows) + 8
    bars: list[str] = []
    for number, (program, spread) in enumerate(rows):
        colour = OURS if program.startswith(own) else OTHERS
        bars += _bar(program, spread, TOP + ROW * number, scale, colour)
    return "\n".join([*_head(height, title), *bars, "</svg>\n"])


def _head(height: int, title: str) -> Sequence[str]:
    named = escape(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" font-family="{FONT}" font-size="13" role="img" aria-label="{named}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="28" font-size="15" font-weight="600" fill="{TEXT}">{named}</text>',
    )


def _bar(program: str, spread: Spread, y: int, scale: float, colour: str) -> Sequence[str]:
    middle, name = y + BAR / 2, escape(program)
    low, end = LABELS + spread.low * scale, LABELS + spread.high * scale
    base, length = middle + 5, spread.median * scale
    return (
        f'<text x="{LABELS - 10}" y="{base:.0f}" text-anchor="end" fill="{TEXT}">{name}</text>',
        f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{colour}"/>',
        f'<path d="M{low:.1f} {middle:.0f}H{end:.1f}" stroke="{LINE}" stroke-width="2"/>',
        f'<text x="{end + 8:.1f}" y="{base:.0f}" fill="{TEXT}">{spread.median:,.0f}</text>',
    )
