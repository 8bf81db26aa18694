"""Figures as plain dicts in plotly's JSON; the library itself runs in the browser alone."""
