"""The S3 side: HEAD, GET and ListObjectsV2 of artifacts in folders, path style, under the bucket "local"."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path
from xml.sax.saxutils import escape

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from app.local.endpoint.artifacts.sources import LOCAL_BUCKET, FolderSource, NotReadable, ServedEndpoint

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
NO_SUCH_KEY = (
    f"{XML}<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"
)
PAGE = 1000
"""Most keys that S3 lists at once."""


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

    async def list(self, request: Request) -> Response:
        """ListObjectsV2, whose pages are gone through by StartAfter."""
        asked = request.query_params
        most = min(int(asked.get("max-keys", PAGE)), PAGE)
        listed = await run_in_threadpool(
            self._list, asked.get("prefix", ""), asked.get("start-after", ""), most
        )
        return Response(listed, media_type="application/xml")

    def _list(self, prefix: str, after: str, most: int) -> str:
        keys = sorted((key, path) for key, path in self._objects() if key.startswith(prefix) and key > after)
        entries = [
            f"<Contents><Key>{escape(key)}</Key><ETag>&quot;{_etag(Path(path))}&quot;</ETag></Contents>"
            for key, path in islice(keys, most)
        ]
        truncated = str(len(keys) > most).lower()
        about = f"<Name>{LOCAL_BUCKET}</Name><IsTruncated>{truncated}</IsTruncated>"
        return f"{XML}<ListBucketResult>{about}{''.join(entries)}</ListBucketResult>"

    def _objects(self) -> Iterator[tuple[str, str]]:
        """Keys, and the files' paths; there may be thousands."""
        for name, served in self._endpoints.items():
            if not isinstance(served.source, FolderSource):
                continue
            top = str(served.source.folder)
            if served.only:
                yield f"{name}/{served.only}", f"{top}/{served.only}"
                continue
            for folder, _, files in os.walk(top):
                yield from ((f"{name}{folder[len(top) :]}/{file}", f"{folder}/{file}") for file in files)

    def _path(self, endpoint: str, name: str) -> Path:
        served = self._endpoints.get(endpoint)
        if served is None or not isinstance(served.source, FolderSource) or served.only not in (None, name):
            raise NotReadable("Not Found")
        return served.source.path(name)


def _etag(path: Path) -> str:
    found = path.stat()
    return _md5_once(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=10_000)
def _md5_once(path: Path, _modified: int, _size: int) -> str:
    return _md5(path)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
