"""docs/access.md cannot lie about what each scope opens."""

from pathlib import Path

from fastapi.routing import APIRoute

from app.api.access.scopes import scope_of
from app.api.entry.admission import OPEN_PATHS, THROUGH_A_PROXY
from app.main import ROUTERS
from app.schemas.access.callers import SCOPES
from app.services.access.keys import PREFIX

PAGE = (Path(__file__).parents[3] / "docs" / "access.md").read_text()


def scope_table() -> str:
    """A row for each scope, with the routes that need it in the order of their paths."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    named = sorted(
        (route.path.replace(":path", ""), method, scope_of(route.dependencies))
        for route in routes
        for method in route.methods or ()
        if scope_of(route.dependencies) is not None
    )
    rows = [
        (f"`{scope}`", ", ".join(f"`{method} {path}`" for path, method, needed in named if needed == scope))
        for scope in SCOPES
    ]
    lines = [("scope", "opens"), ("---", "---"), *rows]
    return "\n".join(f"| {scope} | {opens} |" for scope, opens in lines)


def test_the_table_is_that_of_the_routes() -> None:
    assert scope_table() in PAGE, scope_table()


def test_what_needs_no_key_and_what_begins_one_is_named() -> None:
    assert all(f"`{path}`" in PAGE for path in OPEN_PATHS)
    assert f"`{PREFIX}`" in PAGE
    assert all(f"`{name.decode().title()}`" in PAGE for name in THROUGH_A_PROXY)
