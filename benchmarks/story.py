"""The worked example's story, as the API tells it: ``python -m benchmarks.story``.

Versions 1 and 2 of the sample and a bad release, 3, are evaluated month by month on July to December.
"""

import sys
import time
from collections.abc import Sequence

import httpx
from pydantic import JsonValue

from app.local import demo_data
from benchmarks.evaluations import REQUEST
from examples.transit import train
from tests.support.demo import demo_folder, running_demo

BAD_RELEASE = "3"
LONGEST_RUN = 120
"""Seconds."""


def main() -> None:
    with demo_folder() as folder, running_demo(folder) as demo:
        train.build(folder / "models", BAD_RELEASE)
        with httpx.Client(base_url=demo.url, timeout=60) as client:
            _register(client)
            runs = {version: _evaluate(client, version) for version in train.VERSIONS}
            _print_history(client, runs)
            _print_comparison(client, runs["1"], runs["2"], buckets=("",))
            _print_comparison(client, runs["2"], runs["3"], buckets=("", "2013-10", "2013-12"))


def _register(client: httpx.Client) -> None:
    version: dict[str, JsonValue] = {
        "version": BAD_RELEASE,
        "backend": "sagemaker",
        "options": {
            "endpoint_name": demo_data.ENDPOINT,
            "target_model": train.artifact_name(BAD_RELEASE),
        },
        "features": list(train.VERSIONS[BAD_RELEASE]),
    }
    client.post(f"/models/{demo_data.MODEL}/versions", json=version).raise_for_status()


def _evaluate(client: httpx.Client, version: str) -> int:
    """The id of a finished run."""
    asked = client.post("/evaluations", json=REQUEST | {"version": version}).raise_for_status()
    deadline = time.monotonic() + LONGEST_RUN
    while time.monotonic() < deadline:
        run = client.get(asked.headers["Location"]).raise_for_status().json()
        if run["state"] == "done":
            return int(run["id"])
        if run["error"]:
            sys.exit(f"the run of version {version} failed: {run['error']}")
        time.sleep(0.2)
    sys.exit(f"the run of version {version} did not end")


def _print_history(client: httpx.Client, runs: dict[str, int]) -> None:
    search = {"model": demo_data.MODEL, "metric": "mae", "slice": "", "sort": "finished_at"}
    found = client.get("/evaluations/metrics", params=search).raise_for_status().json()["items"]
    cells = {
        (one["version"], one["bucket"]): f"{one['value']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"
        for one in found
        if one["evaluation_id"] in runs.values()
    }
    buckets = sorted({bucket for _, bucket in cells})
    print(
        "GET /evaluations/metrics?metric=mae&slice=: mean absolute error in minutes, with its 95% interval\n"
    )
    rows = [["version", *(bucket or "all" for bucket in buckets)]]
    rows += [[version, *(cells[version, bucket] for bucket in buckets)] for version in runs]
    _print_table(rows)


def _print_comparison(client: httpx.Client, a: int, b: int, *, buckets: Sequence[str]) -> None:
    answer = client.get("/evaluations/compare", params={"a": a, "b": b}).raise_for_status().json()
    print(f"\nGET /evaluations/compare?a={a}&b={b}: {answer['shared']} records in both\n")
    rows = [["metric", "bucket", "a", "b", "difference", "verdict on b"]]
    for one in answer["metrics"]:
        if one["metric"] == "mae" and one["slice"] == "" and one["bucket"] in buckets:
            difference = f"{one['difference']:+.2f} [{one['low']:+.2f}, {one['high']:+.2f}]"
            rows.append(
                [
                    "mae",
                    one["bucket"] or "all",
                    f"{one['a']:.2f}",
                    f"{one['b']:.2f}",
                    difference,
                    one["verdict"],
                ]
            )
    _print_table(rows)


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


if __name__ == "__main__":
    main()
