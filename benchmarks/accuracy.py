"""Error of the live model on July to December, as its callers see it. ``python -m benchmarks.accuracy``."""

import statistics
import sys
from collections import defaultdict

import httpx

from examples.transit import train
from tests.support.demo import demo_folder, running_demo

BATCH = 1000
LIMIT = 7.5
"""Minutes of mean absolute error."""


def main() -> None:
    truths = {
        order.id: (order.item.scheduled_at.month, order.minutes)
        for order in train.orders()
        if order.minutes is not None and order.item.scheduled_at.month > train.LAST_TRAINING_MONTH
    }
    with demo_folder() as folder, running_demo(folder) as demo:
        predictions = _predict(demo.url, list(truths))
    by_month: defaultdict[int, list[float]] = defaultdict(list)
    for record_id, (month, minutes) in truths.items():
        by_month[month].append(abs(predictions[record_id] - minutes))
    error = statistics.mean(one for errors in by_month.values() for one in errors)
    months = ", ".join(
        f"{month}: {statistics.mean(errors):.2f}" for month, errors in sorted(by_month.items())
    )
    print(f"mean absolute error: {error:.2f} minutes on {len(truths)} orders of July to December ({months})")
    if error > LIMIT:
        sys.exit(f"that is more than {LIMIT}")


def _predict(url: str, record_ids: list[str]) -> dict[str, float]:
    predictions: dict[str, float] = {}
    for start in range(0, len(record_ids), BATCH):
        body = {"record_ids": record_ids[start : start + BATCH]}
        answer = httpx.post(f"{url}/predict", json=body, timeout=60).raise_for_status()
        predictions |= {item["record_id"]: item["prediction"] for item in answer.json()["items"]}
    return predictions


if __name__ == "__main__":
    main()
