"""The pages that show the API's description: from files of this machine, and with no script in the page."""

from collections.abc import Callable
from html import escape

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from app.api.web import assets
from app.core.web.headers import PAGES

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "font-src 'self' data:; worker-src blob:; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Both write styles into the page. ReDoc searches in a worker that it makes of a blob."""
FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="{icon.svg}">
{head}
</head>
<body>
<noscript>This page needs JavaScript; the document itself is <a href="{document}">here</a>.</noscript>
{body}
</body>
</html>
"""
SWAGGER = (
    '<link rel="stylesheet" href="{swagger-ui.css}">',
    '<div id="swagger-ui" data-document="{document}"></div>\n'
    '<script src="{swagger-ui-bundle.js}"></script>\n<script src="{docs.js}"></script>',
)
REDOC = (
    '<link rel="stylesheet" href="{docs.css}">',
    '<redoc spec-url="{document}"></redoc>\n<script src="{redoc.standalone.js}"></script>',
)


def install(app: FastAPI) -> None:
    """Add them, below the root path."""
    for path, (head, body) in zip(PAGES, (SWAGGER, REDOC), strict=True):
        app.add_route(path, _answering(app, head, body), include_in_schema=False)


def _answering(app: FastAPI, head: str, body: str) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        root = request.scope.get("root_path", "").rstrip("/")
        page = FRAME.replace("{head}", head).replace("{body}", body).replace("{title}", escape(app.title))
        page = page.replace("{document}", escape(f"{root}{app.openapi_url}"))
        for name in assets.known():
            if f"{{{name}}}" in page:
                page = page.replace(f"{{{name}}}", root + assets.address(name))
        return HTMLResponse(page, headers={"content-security-policy": POLICY})

    return answer
