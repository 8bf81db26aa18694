"""Requests that pages show and no test sends: whether there is such a route, and it takes the body."""

import json
from collections.abc import Sequence
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.routing import Match

from app.main import ROUTERS

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
ADDRESS = "http://127.0.0.1:8000"


def check_request(arguments: Sequence[str]) -> None:
    """The arguments of curl."""
    given = dict(pairwise(arguments))
    [url] = [one for one in arguments if one.startswith("http")]
    assert url.startswith(f"{ADDRESS}/"), url
    body = given.get("-d")
    method = given.get("-X", "GET" if body is None else "POST")
    asked = urlsplit(url)
    route = _route(method, asked.path)
    known = {field.alias for field in route.dependant.query_params}
    assert {name for name, _ in parse_qsl(asked.query, keep_blank_values=True)} <= known, url
    if body is not None:
        content = json.loads(body)
        for field in route.dependant.body_params:
            annotation = field.field_info.annotation
            assert annotation is not None
            TypeAdapter(annotation).validate_python(content)


def _route(method: str, path: str) -> APIRoute:
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    found = [route for route in ROUTES if route.matches(scope)[0] is Match.FULL]
    assert found, f"{method} {path}"
    return found[0]
