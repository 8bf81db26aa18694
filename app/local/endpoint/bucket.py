"""The S3 side: HEAD and GET of the artifacts in folders, path style, under the bucket "local"."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from app.local.endpoint.sources import FolderSource, NotReadable, ServedEndpoint

NO_SUCH_KEY = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"
)


class FolderBucket:
    """Reads of ``s3://local/<endpoint>/<artifact>``; the ETag is the MD5, as S3's for a plain upload."""

    def __init__(self, endpoints: Mapping[str, ServedEndpoint]) -> None:
        self._endpoints = endpoints

    async def read(self, request: Request) -> Response:
        """GetObject or HeadObject."""
        endpoint, _, name = request.path_params["key"].partition("/")
        try:
            path = self._path(endpoint, name)
        except NotReadable:
            return Response(NO_SUCH_KEY, 404, media_type="application/xml")
        etag = await run_in_threadpool(_md5, path)
        return FileResponse(path, headers={"etag": f'"{etag}"'}, media_type="application/octet-stream")

    def _path(self, endpoint: str, name: str) -> Path:
        served = self._endpoints.get(endpoint)
        if served is None or not isinstance(served.source, FolderSource) or served.only not in (None, name):
            raise NotReadable("Not Found")
        return served.source.path(name)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
