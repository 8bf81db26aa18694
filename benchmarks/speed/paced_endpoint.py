"""An endpoint that answers InvokeEndpoint after a set time, and says what it has deployed.

``python -m benchmarks.speed.paced_endpoint --port 9000 --call-ms 5 --row-ms 0.05``. Raw asyncio, so that what
it costs itself is small; calls overlap, as those of a platform with enough instances do, or wait for each
other with ``--one-at-a-time``, as those of a model server with one worker do. Signatures are not looked at.
"""

import argparse
import asyncio
import json
from typing import cast

import uvloop

IMAGE = {"SpecifiedImage": "paced:1", "ResolvedImage": "paced@sha256:1", "ResolutionTime": 1577836800.0}
VARIANT = {
    "VariantName": "AllTraffic",
    "DeployedImages": [IMAGE],
    **{"CurrentInstanceCount": 1, "DesiredInstanceCount": 1, "CurrentWeight": 1.0, "DesiredWeight": 1.0},
}
TIMES = {"CreationTime": 1577836800.0, "LastModifiedTime": 1577836800.0}
DESCRIBED = {
    "DescribeEndpoint": {
        **{"EndpointName": "paced", "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/paced"},
        **{"EndpointStatus": "InService", "EndpointConfigName": "paced"},
        "ProductionVariants": [VARIANT],
        **TIMES,
    },
    "DescribeEndpointConfig": {
        "EndpointConfigName": "paced",
        "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/paced",
        "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "paced"}],
        **TIMES,
    },
    "DescribeModel": {
        **{"ModelName": "paced", "ModelArn": "arn:aws:sagemaker:us-east-1:123456789012:model/paced"},
        "PrimaryContainer": {"Image": "paced:1", "Mode": "SingleModel"},
        **TIMES,
    },
}
JSON = b"application/x-amz-json-1.1"


class Queue:
    """The calls of one worker, one after the other."""

    def __init__(self) -> None:
        self._free_at = 0.0

    def wait(self, seconds: float) -> float:
        """Seconds until a call that takes so long is done, from now."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + seconds
        return self._free_at - now


class Paced(asyncio.Protocol):
    """One connection. Times are in seconds; those with the same ``queue`` wait for each other."""

    def __init__(self, call: float, row: float, queue: "Queue | None") -> None:
        self._call, self._row, self._queue, self._buffer = call, row, queue, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        first, *headers = head.split(b"\r\n")
        known = {name.lower(): value.strip() for name, _, value in (one.partition(b":") for one in headers)}
        if len(body) >= int(known.get(b"content-length", 0)):
            self._buffer = b""
            self._answer(first.split(b" ")[1], known.get(b"x-amz-target", b""), body)

    def _answer(self, path: bytes, target: bytes, body: bytes) -> None:
        if path == b"/ping":
            self._write(b"", b"text/plain")
        elif path == b"/":
            described = DESCRIBED[target.decode().removeprefix("SageMaker.")]
            self._write(json.dumps(described).encode(), JSON)
        else:
            rows = body.count(b"\n") + (not body.endswith(b"\n"))
            answer = (b"101.5\n" * rows, b"text/csv")
            wait = self._call + rows * self._row
            if self._queue is not None:
                wait = self._queue.wait(wait)
            if wait:
                asyncio.get_running_loop().call_later(wait, self._write, *answer)
            else:
                self._write(*answer)

    def _write(self, body: bytes, kind: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nx-Amzn-Invoked-Production-Variant: AllTraffic\r\n"
        self._transport.write(head % kind + b"Content-Length: %d\r\n\r\n" % len(body) + body)


async def serve(port: int, call: float, row: float, queue: Queue | None) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Paced(call, row, queue), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--call-ms", type=float, default=0)
    parser.add_argument("--row-ms", type=float, default=0)
    parser.add_argument("--one-at-a-time", action="store_true")
    given = parser.parse_args()
    queue = Queue() if given.one_at_a_time else None
    uvloop.run(serve(given.port, given.call_ms / 1000, given.row_ms / 1000, queue))


if __name__ == "__main__":
    main()
