"""A light load on the service, and a ledger of what it acknowledged."""

import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote
from uuid import uuid4

import httpx
from pydantic import JsonValue

from tests.stack.stack import Failed

WORKERS = 2
PAUSE = 0.05
"""Seconds of rest between two rounds of a worker."""
BATCH = 500

ORDER: dict[str, JsonValue] = {
    "carrier": "UA",
    "origin": "EWR",
    "destination": "ORD",
    "origin_lat": 40.69,
    "origin_lon": -74.17,
    "destination_lat": 41.98,
    "destination_lon": -87.90,
    "scheduled_at": "2013-12-24T15:30:00Z",
}


def fresh_order() -> dict[str, JsonValue]:
    """An order of a content of its own: what was predicted for another one is no answer to it."""
    return {**ORDER, "origin_lat": random.uniform(-80, 80)}


@dataclass
class Ledger:
    """What the service said was done: the content hashes of written records, and their predictions."""

    written: dict[str, str] = field(default_factory=dict)
    predicted: dict[str, JsonValue] = field(default_factory=dict)

    def verify(self, client: httpx.Client) -> str:
        """Every written record is there, and every prediction comes from the cache as it was; the counts."""
        ids = list(self.written)
        for start in range(0, len(ids), BATCH):
            answer = client.post("/predict", json={"record_ids": ids[start : start + BATCH]}, timeout=120)
            answer.raise_for_status()
            for item in answer.json()["items"]:
                self._compare(item)
        return f"{len(self.written)} records, {len(self.predicted)} predictions"

    def _compare(self, item: dict[str, JsonValue]) -> None:
        record_id = str(item["record_id"])
        if item.get("content_hash") != self.written[record_id]:
            raise Failed(f"The acknowledged record {record_id} is lost: {item}")
        if record_id in self.predicted and (item["cache"], item["prediction"]) != (
            "HIT",
            self.predicted[record_id],
        ):
            raise Failed(f"The acknowledged prediction of {record_id} is lost: {item}")


class Load:
    """Writes and predicts new records until it ends. What fails is counted, and a refusal is remembered."""

    def __init__(self, client: httpx.Client, ledger: Ledger) -> None:
        self._client, self._ledger = client, ledger
        self.done: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self._refused: list[str] = []
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(WORKERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def require_no_refusal(self) -> None:
        """An outage may answer 5xx, never 4xx."""
        if self._refused:
            raise Failed(f"Refused under load: {self._refused[0]}")

    def __str__(self) -> str:
        return f"{self.done.total()} calls, {self.failed.total()} failed meanwhile"

    def _run(self) -> None:
        while not self._end.wait(PAUSE):
            record_id = f"load/{uuid4()}"  # a slash, which has to pass every proxy as %2F
            path = quote(record_id, safe="")
            if written := self._call("PUT", f"/records/{path}", fresh_order()):
                self._ledger.written[record_id] = written["content_hash"]
                if predicted := self._call("POST", f"/predict/{path}"):
                    self._ledger.predicted[record_id] = predicted["prediction"]

    def _call(self, method: str, path: str, body: JsonValue = None) -> dict[str, str] | None:
        kind = path.split("/")[1]
        try:
            answer = self._client.request(method, path, json=body)
        except httpx.TransportError:
            self.failed[kind] += 1
            return None
        if answer.status_code >= 400:
            self.failed[kind] += 1
            if answer.status_code < 500:
                self._refused.append(f"{method} {path}: {answer.status_code} {answer.text}")
            return None
        self.done[kind] += 1
        found: dict[str, str] = answer.json()
        return found
