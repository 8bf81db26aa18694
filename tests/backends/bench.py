"""A backend and the stand-in of its platform, for the conformance suite."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import JsonValue

from app.backends.base import Backend
from app.backends.registry import open_backend
from app.core.errors import BackendError
from app.core.hosts import Hosts
from app.schemas.rows import Row
from tests.backends.platforms import FEATURES, REMOTE_NAMES, Remote, remote
from tests.support.eventually import TIMEOUT
from tests.support.http_stub import Answer, HttpStub, Request

ROWS: list[Row] = [[n, n / 4] for n in range(50)]
EXPECTED = [10 * n + n / 4 for n in range(50)]

each_remote = pytest.mark.parametrize("bench", REMOTE_NAMES, indirect=True)


def model(rows: Sequence[Sequence[JsonValue]]) -> list[JsonValue]:
    return [10 * float(str(a)) + float(str(b)) for a, b in rows]


@dataclass
class Bench:
    """A stand-in that answers as the model would, unless a test sets ``answer``.

    ``predictions`` are the requests that asked for some.
    """

    name: str
    stub: HttpStub
    folder: Path
    predictions: list[Request]
    answer: Answer | None = None

    @property
    def remote(self) -> Remote:
        return remote(self.name)

    def respond(self, request: Request) -> Answer:
        if other := self.remote.other(request):
            return other
        self.predictions.append(request)
        return self.answer or self.remote.reply(model(self.remote.rows(request)))

    def open(self, **changes: JsonValue) -> Backend:
        options = self.remote.options(self.stub.url, self.folder) | changes
        hosts = Hosts(f"http://127.0.0.1:{self.stub.server_port}=*")
        return open_backend(self.name, options, FEATURES, concurrency=32, hosts=hosts)


async def failure(backend: Backend, timeout: float = TIMEOUT) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await backend.predict(ROWS, timeout)
    return caught.value
