"""The pages that show the API's description, and what a browser may load for them."""

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Protocol

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse

from app.core.web.headers import PAGES

INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
POLICY = (
    "default-src 'none'; script-src https://cdn.jsdelivr.net {scripts}; connect-src 'self'; "
    "style-src https://cdn.jsdelivr.net https://fonts.googleapis.com 'unsafe-inline'; "
    "font-src https://fonts.gstatic.com; worker-src blob:; "
    "img-src https://fastapi.tiangolo.com https://cdn.redoc.ly data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What Swagger UI and ReDoc load; of scripts in the page itself those that FastAPI has written into it."""


def install(app: FastAPI) -> None:
    """Add them, below the root path."""
    shown: tuple[_Page, ...] = (get_swagger_ui_html, get_redoc_html)
    for path, page in zip(PAGES, shown, strict=True):
        app.add_route(path, _answering(app, page), include_in_schema=False)


class _Page(Protocol):
    def __call__(self, *, openapi_url: str, title: str) -> HTMLResponse: ...


def _answering(app: FastAPI, page: _Page) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        root_path = request.scope.get("root_path", "").rstrip("/")
        made = page(openapi_url=f"{root_path}{app.openapi_url}", title=app.title)
        made.headers["content-security-policy"] = policy(bytes(made.body).decode())
        return made

    return answer


def policy(html: str) -> str:
    """The policy of a page: each script in it by its hash."""
    digests = (hashlib.sha256(script.encode()).digest() for script in INLINE.findall(html))
    return POLICY.format(scripts=" ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in digests))
