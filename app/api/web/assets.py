"""Files that pages load: our own, and those of packages. None is fetched from anywhere else.

A file's address has a digest of its content in it, so that a browser keeps it for good and still never shows
an old one. Where replicas of two releases stand side by side, one may be asked for what only the other has:
it gives its own, to be asked for again.
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from app.api.http.problems import from_app_error
from app.core.errors import NotFound

PREFIX = "/static/"
ADDRESS = re.compile(r"/static/[0-9a-f]{16}/(?P<name>[a-z][a-z.-]*)")
ROUTE = "/static/{version}/{name}"
KEPT = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"
OF_PACKAGES = {
    "plotly.min.js": ("plotly", "package_data"),
    "swagger-ui-bundle.js": ("fastapi_offline", "static"),
    "swagger-ui.css": ("fastapi_offline", "static"),
    "redoc.standalone.js": ("fastapi_offline", "static"),
}
"""Where they lie; the packages are found and not imported, which would take plotly a second."""
NO_IMAGE = b"data:image/gif;base64,R0lGODlhAQABAAAAACw="
REPLACED = {"redoc.standalone.js": (b"https://cdn.redoc.ly/redoc/logo-mini.svg", NO_IMAGE)}
"""What a file would fetch from elsewhere, and what it has in its place."""
OUR_OWN = Path(__file__).parent / "static"


class Asset:
    """A file, read when it is first asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"

    @cached_property
    def body(self) -> bytes:
        body, name = self._path.read_bytes(), self._path.name
        return body.replace(*REPLACED[name]) if name in REPLACED else body

    @cached_property
    def packed(self) -> bytes:
        return gzip.compress(self.body, 6, mtime=0)

    @cached_property
    def version(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:16]


def install(app: FastAPI) -> None:
    """Have them answered."""
    app.add_route(ROUTE, _answer, include_in_schema=False)


def address(name: str) -> str:
    """Where a file is to be asked for, below the root path. KeyError where there is none of this name."""
    return f"{PREFIX}{known()[name].version}/{name}"


def is_one(path: str) -> bool:
    """Whether a path is that of a file that anybody may read."""
    found = ADDRESS.fullmatch(path)
    return found is not None and found["name"] in known()


@lru_cache(1)
def known() -> dict[str, Asset]:
    """Each by its name."""
    return {path.name: Asset(path) for path in (*_of_packages(), *sorted(OUR_OWN.iterdir()))}


def _of_packages() -> Iterator[Path]:
    for name, (package, folder) in OF_PACKAGES.items():
        found = find_spec(package)
        if found is not None and found.submodule_search_locations:
            yield Path(found.submodule_search_locations[0]) / folder / name


async def _answer(request: Request) -> Response:
    version, name = request.path_params["version"], request.path_params["name"]
    if not is_one(f"{PREFIX}{version}/{name}"):
        return from_app_error(NotFound(f"There is no file {request.url.path}."))
    asset = known()[name]
    is_packed = "gzip" in request.headers.get("accept-encoding", "")
    body = await run_in_threadpool(lambda: asset.packed if is_packed else asset.body)
    is_this = version == asset.version
    headers = {"Cache-Control": KEPT if is_this else ASKED_AGAIN, "Vary": "Accept-Encoding"}
    if is_packed:
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type=asset.media_type)
