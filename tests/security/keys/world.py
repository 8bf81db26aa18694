"""A service with something to hide, on a database of its own, and keys that must not lead there."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx

from app.core.settings import Settings
from app.db.engine import open_database
from app.schemas.access.callers import SCOPES
from app.services.access import keys
from app.services.access.keys import NewKey
from tests.support.aws_stub import aws_environment
from tests.support.http_stub import http_stub
from tests.support.orders import answer_ten_times, order
from tests.support.service import running_service

ROOT = Path(__file__).parents[3]
CANARY = "canary"
"""In whatever is stored: what holds it was let out."""
RECORD = f"{CANARY}-record"
MODEL = f"{CANARY}-model"
ABSENT = {"record_id": "absent", "model": "absent", "version": "9"} | dict.fromkeys(
    ("prediction_id", "job_id", "evaluation_id", "operation_id"), "999999"
)
SECONDS = 60


@dataclass(frozen=True)
class World:
    """A service at ``url``, whose log is ``log``. ``present`` has the names and numbers of what is stored, by
    parameter of a path; ``held`` the keys by name, of which those that are no scopes are good for nothing."""

    url: str
    log: Path
    held: Mapping[str, str]
    present: Mapping[str, str]


@contextmanager
def peopled(
    settings: Settings, folder: Path, *, program: Sequence[str] = ("-m", "app"), root_path: str = ""
) -> Iterator[World]:
    """The world; ``program`` is what Python runs as its service."""
    url, log = settings.direct_url.get_secret_value(), folder / "log"
    held = asyncio.run(_keys(settings))
    with http_stub() as platform:
        platform.respond = answer_ten_times
        variables = {"DATABASE_URL": url, "HOST": "0.0.0.0", "ROOT_PATH": root_path}
        variables |= aws_environment(platform.url)
        with running_service(ROOT, variables, log, program=program) as service:
            headers = {"Authorization": f"Bearer {held['admin']}"}
            with httpx.Client(base_url=service.url, headers=headers, timeout=SECONDS) as client:
                present = _fill(client)
            yield World(service.url, log, held, present)


async def _keys(settings: Settings) -> dict[str, str]:
    """One of each scope by its name, and those that are good for nothing."""
    database = open_database(settings)
    held = {"wrong": "sfk_" + "A" * 43}
    try:
        for name in (*SCOPES, "expired", "revoked"):
            scopes = [name] if name in SCOPES else ["admin"]
            new = NewKey(name, scopes, timedelta(days=1))  # type: ignore[arg-type]
            held[name] = await keys.make(database.transactions, new) or ""
        await keys.revoke(database.transactions, "revoked")
    finally:
        await database.aclose()
    connection = await asyncpg.connect(settings.direct_url.get_secret_value())
    await connection.execute("update api_keys set expires_at = now() - interval '1 s' where name = 'expired'")
    await connection.close()
    held["half"] = held["admin"][:-1]
    held["hash"] = keys.digest(held["admin"])
    held["name"] = "admin"
    return held


def _fill(client: httpx.Client) -> dict[str, str]:
    def done(answer: httpx.Response) -> httpx.Response:
        assert answer.is_success, answer.text
        return answer

    done(client.put(f"/records/{RECORD}", json=order(carrier=CANARY)))
    done(client.put(f"/records/{RECORD}/label", json={"value": 118}))
    version = {
        "backend": "sagemaker",
        "options": {"endpoint_name": CANARY},
        "features": ["recent_transit_ratio"],
    }
    done(client.post(f"/models/{MODEL}/versions", json={"version": "1", "promote": True, **version}))
    done(client.put(f"/models/{MODEL}/evaluation-schedule", json={"cron": "0 6 * * 1", "window_days": 7}))
    done(client.post(f"/predict/{RECORD}", params={"model": MODEL}))
    [prediction] = done(client.get("/predictions")).json()["items"]
    job = done(client.post("/prediction-jobs", json={"model": MODEL, "all": True})).json()
    run = done(client.post("/evaluations", json={"model": MODEL})).json()
    later = {"Prefer": "respond-async"}
    fresh = {"model": MODEL, "refresh": "true"}
    accepted = done(client.post(f"/predict/{RECORD}", params=fresh, headers=later)).json()
    numbers = {"prediction_id": prediction["id"], "job_id": job["id"], "evaluation_id": run["id"]} | {
        "operation_id": accepted["operation_id"]
    }
    return {"record_id": RECORD, "model": MODEL, "version": "1", **{k: str(v) for k, v in numbers.items()}}
