"""Bare boto3: InvokeEndpoint in threads. ``python -m benchmarks.peers.boto3_calls --url URL --callers 32``.

One line of JSON says what came of it; its CPU is that of this process while it called.
"""

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from app.aws import call_config, sagemaker_runtime_client
from examples.transit import train
from examples.transit.preprocess import FEATURES, preprocess


def main() -> None:
    given = _arguments()
    call = _caller(given)
    with ThreadPoolExecutor(given.callers) as threads:
        list(threads.map(lambda _: call(), range(2 * given.callers)))  # opens the connections
        began, cpu = time.perf_counter(), time.process_time()
        took = list(threads.map(partial(_until, call), [began + given.seconds] * given.callers))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    milliseconds = sorted(one * 1000 for some in took for one in some)
    count = len(milliseconds)
    told = {"requests": count, "failures": 0, "seconds": seconds, "cpu": cpu}
    print(json.dumps(told | {"p50": milliseconds[count // 2], "p99": milliseconds[count * 99 // 100]}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--endpoint", default="paced")
    parser.add_argument("--target-model", default="")
    parser.add_argument("--callers", type=int, default=1)
    parser.add_argument("--rows", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5)
    return parser.parse_args()


def _caller(given: argparse.Namespace) -> Callable[[], float]:
    """One call, which gives its seconds."""
    config = call_config(attempts=1, connect_timeout=5, read_timeout=60, connections=given.callers)
    client = sagemaker_runtime_client(config, region="us-east-1", endpoint_url=given.url)
    target = {"TargetModel": given.target_model} if given.target_model else {}
    body = _body(given.rows)

    def call() -> float:
        began = time.perf_counter()
        answer = client.invoke_endpoint(
            EndpointName=given.endpoint, ContentType="text/csv", Accept="text/csv", Body=body, **target
        )
        assert answer["Body"].read().count(b"\n") == given.rows
        return time.perf_counter() - began

    return call


def _until(call: Callable[[], float], ends_at: float) -> list[float]:
    took = []
    while time.perf_counter() < ends_at:
        took.append(call())
    return took


def _body(rows: int) -> bytes:
    """Rows as the service sends them, of the first order of the sample."""
    [row] = preprocess([train.orders()[0].item])
    cells = [row[FEATURES.index(name)] for name in train.VERSIONS["2"]]
    line = ",".join("" if cell is None else str(cell) for cell in cells)
    return "\n".join([line] * rows).encode()


if __name__ == "__main__":
    main()
