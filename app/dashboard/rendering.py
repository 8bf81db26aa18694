"""Templates, and what they are given beside their own values."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.api.web import assets
from app.dashboard import filters, words
from app.dashboard.charts.bundle import style_id
from app.dashboard.charts.marks import direction
from app.dashboard.charts.tables import drawn, table_of
from app.dashboard.session import SIGNED_IN
from app.schemas.access.callers import CURRENT, ITSELF, Caller, KeyScope

TEMPLATES = Path(__file__).parent / "templates"
NOT_KEPT = {"Cache-Control": "no-store"}
"""What a page shows is for who is signed in, and of this moment."""
SECTIONS = (
    ("/", "Overview"),
    ("/dashboard/models", "Models"),
    ("/dashboard/evaluations", "Evaluations"),
    ("/dashboard/records", "Records"),
    ("/dashboard/jobs", "Jobs"),
)


def page(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A template below ``templates`` as an answer.

    Beside ``values`` it has: ``here`` (the path, without ROOT_PATH), ``query(name=value)`` (this page's own
    query with other values), ``may(scope)``, ``signed_in_as`` (a key's name, None without a cookie).
    """
    root = request.scope.get("root_path", "")
    shown = environment(root).get_template(template)
    caller = CURRENT.get()
    html = shown.render(
        here=request.scope["path"].removeprefix(root),
        query=_query(request),
        may=_may(caller),
        signed_in_as=_signed_in_as(request, caller),
        has_docs=request.app.state.settings.docs,
        sections=SECTIONS,
        **values,
    )
    return HTMLResponse(html, status, NOT_KEPT)


def _signed_in_as(request: Request, caller: Caller) -> str | None:
    """Nothing to be told of where a fault is shown to who is signed in: nobody asks any more."""
    if not request.scope.get(SIGNED_IN):
        return None
    return "" if caller is ITSELF else caller.name


def _may(caller: Caller) -> Callable[[KeyScope], bool]:
    return caller.may


def _query(request: Request) -> Callable[..., str]:
    def query(**changed: object) -> str:
        kept = {name: value for name, value in request.query_params.items() if name not in changed}
        given = {name: value for name, value in changed.items() if value is not None}
        return f"?{urlencode(kept | given)}"

    return query


@lru_cache(8)
def environment(root_path: str) -> Environment:
    """With everything escaped, and no name that stands for nothing."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= filters.ALL
    made.globals |= {
        "url": lambda path: root_path + path,
        "asset": lambda name: root_path + assets.address(name),
        "table_of": table_of,
        "drawn": drawn,
        "words": words,
        "direction": direction,
        "chart_style_id": style_id,
    }
    return made
