"""What has to be known of plotly's own file."""

import re
from functools import lru_cache

from app.api.web import assets

NAME = "plotly.min.js"
STYLE = re.compile(rb'getElementById\("([0-9a-f]{64})"\)\)\{var \w+=document\.createElement\("style"\)')


@lru_cache(1)
def style_id() -> str:
    """The id of the style sheet for its maps, which it would put into the page, and our policy forbids.

    It leaves that where the page has an element of this id. Empty where its file says nothing of one.
    """
    found = STYLE.search(assets.known()[NAME].body)
    return found[1].decode() if found else ""
