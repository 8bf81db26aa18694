"""Callers of a service, and what it has told them."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self
from uuid import uuid4

import httpx
from pydantic import JsonValue

from tests.support.orders import FEATURES, order

LONGEST_CALL = 40.0
"""Seconds after which a call is taken to hang: more than any of its waits takes."""
PATIENCE = 2.0
"""Seconds for which a caller tries a read again."""


@dataclass
class Told:
    """What the service has acknowledged, and how calls went."""

    records: dict[str, str] = field(default_factory=dict)
    labels: dict[str, JsonValue] = field(default_factory=dict)
    predictions: dict[str, JsonValue] = field(default_factory=dict)
    evaluations: set[int] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    longest: float = 0.0

    def __str__(self) -> str:
        return (
            f"{len(self.records)} records, {len(self.labels)} labels, {len(self.predictions)} predictions,"
            f" {len(self.evaluations)} evaluations"
        )


class Callers:
    """Threads that call until the block ends: some write and predict, some read what is cached."""

    def __init__(
        self, address: str, told: Told, *, writers: int = 2, readers: int = 0, pause: float = 0.0
    ) -> None:
        self._told, self._pause = told, pause
        self._client = httpx.Client(base_url=address, timeout=LONGEST_CALL)
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._loop, args=(self._write,)) for _ in range(writers)]
        self._threads += [threading.Thread(target=self._loop, args=(self._read,)) for _ in range(readers)]
        self._known = list(told.predictions.items())

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()
        self._client.close()

    def _loop(self, turn: Callable[[], None]) -> None:
        while not self._end.wait(self._pause):
            turn()

    def _write(self) -> None:
        """A record, the truth about it, and a prediction of it."""
        key, ratio = uuid4().hex, random.randint(10, 990) / 10
        told = self._told
        if (written := self.call("write", "PUT", f"/records/{key}", fresh_order(ratio))) is None:
            return
        told.records[key] = str(written["content_hash"])
        if self.call("write", "PUT", f"/records/{key}/label", {"value": ratio}) is not None:
            told.labels[key] = ratio
        if (predicted := self.call("predict", "POST", f"/predict/{key}")) is not None:
            told.predictions[key] = predicted["prediction"]
            self._compare(key, predicted["prediction"], 10 * ratio)

    def _read(self) -> None:
        """A cached prediction, tried again for a while."""
        key, expected = random.choice(self._known)
        end = time.monotonic() + PATIENCE
        while (found := self.call("try", "POST", f"/predict/{key}")) is None and time.monotonic() < end:
            time.sleep(0.1)
        self._told.calls["read" if found else "read failed"] += 1
        if found is not None:
            self._compare(key, found["prediction"], expected)

    def _compare(self, key: str, found: JsonValue, expected: JsonValue) -> None:
        if not isinstance(found, float) or not isinstance(expected, float) or abs(found - expected) > 1e-6:
            self._told.wrong.append(f"{key}: {found}, not {expected}")

    def call(self, kind: str, method: str, path: str, body: JsonValue = None) -> dict[str, JsonValue] | None:
        """What is answered; None where it fails, which is counted."""
        began, answer = time.monotonic(), None
        with suppress(httpx.TransportError):
            answer = self._client.request(method, path, json=body)
        self._told.longest = max(self._told.longest, time.monotonic() - began)
        if answer is None or answer.status_code >= 400:
            self._told.calls[f"{kind} failed"] += 1
            if answer is not None and answer.status_code not in (502, 503, 504):
                self._told.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            return None
        self._told.calls[kind] += 1
        found: dict[str, JsonValue] = answer.json()
        return found


def fresh_order(ratio: float) -> dict[str, JsonValue]:
    """Of a content of its own: what was predicted for another one is no answer to it."""
    return order(ratio, origin_lat=random.uniform(-80, 80))


def prepare(address: str) -> None:
    """A live version of the model."""
    version: dict[str, JsonValue] = {
        "version": "1",
        "backend": "sagemaker",
        "options": {"endpoint_name": "transit"},
        "features": list[JsonValue](FEATURES),
        "promote": True,
    }
    httpx.post(f"{address}/models/transit/versions", json=version, timeout=60).raise_for_status()


def is_well(address: str) -> bool:
    """Whether records are written, read and predicted, so many that every connection has its turn."""
    keys = [uuid4().hex for _ in range(10)]
    with suppress(httpx.HTTPError), httpx.Client(base_url=address, timeout=20) as client:
        for key in keys:
            client.put(f"/records/{key}", json=fresh_order(1.5)).raise_for_status()
            client.get(f"/records/{key}").raise_for_status()
            client.post(f"/predict/{key}").raise_for_status()
        return True
    return False


def is_ready(address: str) -> bool:
    """Whether readiness says that all is well."""
    return bool(httpx.get(f"{address}/health/ready", timeout=20).json()["status"] == "ok")
