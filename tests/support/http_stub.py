"""A scripted HTTP server: it keeps what was asked, and answers as a test says."""

import asyncio
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import JsonValue

from tests.support.eventually import TIMEOUT


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """The operation of AWS's control plane; empty elsewhere."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def json(self) -> JsonValue:
        value: JsonValue = json.loads(self.body)
        return value


@dataclass(frozen=True)
class Answer:
    """What is sent back.

    ``wait`` holds it until the event is set (TIMEOUT at most); a ``reset`` cuts the connection instead;
    ``missing`` announces so many bytes more than are sent.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: threading.Event | None = None
    reset: bool = False
    missing: int = 0


def reply(value: JsonValue) -> Answer:
    return Answer(body=json.dumps(value).encode(), headers={"Content-Type": "application/json"})


Respond = Callable[[Request], Answer]


class HttpStub(ThreadingHTTPServer):
    """Answers every request with ``respond`` and keeps what was asked in ``requests``."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[Request] = []
        self.respond: Respond = lambda request: Answer()
        self.connections = 0
        self._arrival = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def script(self, *answers: Answer) -> None:
        """These answers in order; the last one for good."""
        left, last, lock = iter(answers), answers[-1], threading.Lock()

        def respond(request: Request) -> Answer:
            with lock:
                return next(left, last)

        self.respond = respond

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        self.connections += 1
        return super().get_request()

    def receive(self, request: Request) -> Answer:
        with self._arrival:
            self.requests.append(request)
            self._arrival.notify_all()
        return self.respond(request)

    async def received(self, count: int = 1) -> None:
        """Return when so many requests have come in."""

        def wait() -> bool:
            with self._arrival:
                return self._arrival.wait_for(lambda: len(self.requests) >= count, timeout=TIMEOUT)

        assert await asyncio.to_thread(wait), f"{len(self.requests)} requests came, not {count}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HttpStub

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        answer = self.server.receive(request)
        if answer.reset or (answer.wait and not answer.wait.wait(TIMEOUT)):
            self._reset()
        else:
            self._send(answer)

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) + answer.missing))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.close_connection = bool(answer.missing)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def http_stub() -> Iterator[HttpStub]:
    """The server, on a port of its own."""
    with HttpStub() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
