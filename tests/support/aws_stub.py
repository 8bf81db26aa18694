"""A scripted server that speaks the wire of SageMaker's runtime and control plane, and of S3's HEAD."""

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
from pathlib import Path

import pytest
from pydantic import JsonValue


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """The control plane's operation; empty for the runtime and S3."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]


@dataclass(frozen=True)
class Answer:
    """What is sent back.

    ``wait`` holds it until the event is set (20 s at most); a ``reset`` cuts the connection instead;
    ``missing`` announces so many bytes more than are sent.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: threading.Event | None = None
    reset: bool = False
    missing: int = 0


def csv(text: str, content_type: str = "text/csv; charset=utf-8") -> Answer:
    return Answer(body=text.encode(), headers={"Content-Type": content_type})


def reply(value: JsonValue) -> Answer:
    return Answer(body=json.dumps(value).encode(), headers={"Content-Type": "application/json"})


def error(
    code: str, status: int, message: str | None = "secret", retry_after: str | None = None, **more: JsonValue
) -> Answer:
    """An error as the runtime sends it: the code in a header, the rest in a JSON body."""
    headers = {"x-amzn-ErrorType": code, "Content-Type": "application/json"}
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    return Answer(status, json.dumps({"Message": message, **more}).encode(), headers)


def control_error(code: str, message: str = "secret") -> Answer:
    """An error as the control plane sends it: the code in the body."""
    return Answer(400, json.dumps({"__type": code, "message": message}).encode())


def model_error(status: int, message: str = "secret") -> Answer:
    """The container's failure inside the platform's 424."""
    return error(
        "ModelError",
        424,
        f"Received server error ({status}) from primary with message {message!r}",
        OriginalStatusCode=status,
        OriginalMessage=message,
        LogStreamArn="arn:aws:logs:us-east-1:123456789012:log-group:secret",
    )


Respond = Callable[[Request], Answer]


class AwsStub(ThreadingHTTPServer):
    """Answers every request with ``respond`` and keeps what was asked in ``requests``."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[Request] = []
        self.respond: Respond = lambda request: csv("1")
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
                return self._arrival.wait_for(lambda: len(self.requests) >= count, timeout=20)

        assert await asyncio.to_thread(wait), f"{len(self.requests)} requests came, not {count}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: AwsStub

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        answer = self.server.receive(request)
        if answer.reset or (answer.wait and not answer.wait.wait(20)):
            self._reset()
        else:
            self._send(answer)

    do_GET = do_HEAD = do_PUT = do_POST

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
def aws_stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsStub]:
    """The server, and an environment in which boto3 finds it and nothing of the developer's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with AwsStub() as server:
        nowhere = str(Path(os.devnull) / "none")
        environment = {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": nowhere,
            "AWS_SHARED_CREDENTIALS_FILE": nowhere,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
