"""A scripted asynchronous endpoint, and the bucket that its answers go to."""

import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

from pydantic import JsonValue

from app.core.settings import Settings
from app.schemas.models import NewVersion
from app.services.models import versions
from app.services.records import records
from app.services.runtime import Runtime, open_runtime
from app.services.use_case import UseCase
from tests.support.aws_stub import Answer, AwsStub, Request
from tests.support.orders import FEATURES, answer_ten_times, order
from tests.support.use_case import TRANSIT

OPTIONS: dict[str, JsonValue] = {"endpoint_name": "later", "asynchronous": {}}


@dataclass
class LaterStub:
    """Takes each row, and answers it once it is told to; ``objects`` are what S3 has, by key."""

    aws: AwsStub
    is_open: bool = True
    """Answers are written at once."""
    objects: dict[str, Answer] = field(default_factory=dict)
    refusal: Answer | None = None
    """What the endpoint says in place of 202."""
    s3_refusal: Answer | None = None
    failing: frozenset[bytes] = frozenset()
    """Rows that the model refuses."""
    taken: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.aws.respond = self.respond

    def respond(self, request: Request) -> Answer:
        if request.path.endswith("/async-invocations"):
            return self.refusal or self._take(request)
        if request.path.startswith("/bucket/"):
            return self.s3_refusal or self._object(request)
        return answer_ten_times(request)

    def open(self) -> None:
        """Write the answers of all that was taken, as a model that multiplies by ten."""
        self.is_open = True
        for number, request in enumerate(self.taken):
            self._write(number, request)

    def fail(self, number: int, said: str) -> None:
        """Write a failure of the invocation with this number, from 0."""
        self.objects[f"failures/{number}"] = Answer(
            body=said.encode(), headers={"Content-Type": "text/plain"}
        )

    def _take(self, request: Request) -> Answer:
        with self._lock:
            number = len(self.taken)
            self.taken.append(request)
        if self.is_open:
            self._write(number, request)
        headers = {
            "X-Amzn-SageMaker-OutputLocation": f"s3://bucket/out/{number}",
            "X-Amzn-SageMaker-FailureLocation": f"s3://bucket/failures/{number}",
        }
        given = request.headers.get("x-amzn-sagemaker-inference-id", "")
        return Answer(202, json.dumps({"InferenceId": given}).encode(), headers)

    def _write(self, number: int, request: Request) -> None:
        if request.body in self.failing:
            self.fail(number, "Received client error (400) from primary with message 'secret'")
            return
        rows = request.body.decode().splitlines()
        said = "\n".join(str(10 * float(row)) for row in rows)
        self.objects.setdefault(
            f"out/{number}", Answer(body=said.encode(), headers={"Content-Type": "text/csv"})
        )

    def _object(self, request: Request) -> Answer:
        key = unquote(request.path.partition("?")[0]).removeprefix("/bucket/")
        if request.method == "PUT":
            self.objects[key] = Answer(body=request.body)
            return Answer()
        return self.objects.get(key) or s3_error("NoSuchKey", 404)


def s3_error(code: str, status: int) -> Answer:
    body = f"<Error><Code>{code}</Code><Message>secret</Message></Error>"
    return Answer(status, body.encode(), {"Content-Type": "application/xml"})


@asynccontextmanager
async def later_runtime(
    settings: Settings, use_case: UseCase = TRANSIT, /, **options: JsonValue
) -> AsyncIterator[Runtime]:
    """What a process runs on, a live version on the stub, and the records a, b and same, which has a's
    content."""
    async with open_runtime(settings, use_case) as runtime:
        new = NewVersion(
            version="1",
            backend="sagemaker",
            options=OPTIONS | options,
            features=list(FEATURES),
            promote=True,
        )
        await versions.register(runtime.sessions, use_case, runtime.inference, "transit", new)
        for record_id, ratio in {"a": 1.5, "b": 2.5, "same": 1.5}.items():
            await records.put(runtime.sessions, use_case, record_id, order(ratio))
        yield runtime
