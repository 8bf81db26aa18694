"""Another use case in the four user files, and nothing else changed: the whole path over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.local.demo_place import environment
from app.local.endpoint_process import running_endpoint
from tests.support.artifacts import write_artifact
from tests.support.scaffold import MODEL_CODE, copy_tree
from tests.support.service import running_service

CSV = """\
id,text,urgent,price,kind
m/1,"Win, now",true,0,spam
m/2,Lunch?,false,12.50,ham
"""
NDJSON = [
    {"id": "m/3", "input": {"text": "é", "urgent": False, "price": "0.10", "links": [["a", "b"], ["c"]]}},
    {"id": "m/4", "input": {"text": "", "urgent": True, "price": "7"}, "label": "ham"},
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the service with the user's four files replaced."""
    return copy_tree(tmp_path_factory.mktemp("scaffold"))


@pytest.fixture
def service(tree: Path, database_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """The changed service on a fresh database, with a model of its own."""
    write_artifact(tmp_path / "sorter.tar.gz", MODEL_CODE)
    with running_endpoint("sorting", str(tmp_path), tmp_path) as endpoint_url:
        variables = environment(database_url, endpoint_url) | {"USE_CASE": "", "DEFAULT_MODEL": "sorter"}
        with (
            running_service(tree, variables, tree / "service.log") as started,
            httpx.Client(base_url=started.url, timeout=60) as client,
        ):
            yield client


def test_four_files_make_another_service(service: httpx.Client) -> None:
    _import_records(service)
    _register_model(service)
    assert _predict(service, "m/1") == ("MISS", {"kind": "spam"})
    assert _predict(service, "m/1") == ("HIT", {"kind": "spam"})
    _check_batches(service)
    history = service.get("/predictions", params={"record_id": "m/1"}).json()["items"]
    assert [(entry["prediction"], entry["raw_output"]) for entry in history] == [({"kind": "spam"}, "spam")]


def _import_records(service: httpx.Client) -> None:
    done = service.post("/records/import", content=CSV, headers={"content-type": "text/csv"})
    assert done.status_code == 200, done.text
    assert (done.json()["created"], done.json()["labels"]["created"]) == (2, 2)
    lines = "\n".join(map(json.dumps, NDJSON))
    done = service.post("/records/import", content=lines, headers={"content-type": "application/x-ndjson"})
    assert done.status_code == 200, done.text
    assert (done.json()["created"], done.json()["labels"]["created"]) == (2, 1)
    record = service.get("/records/m%2F3").json()
    assert record["input"]["price"] == "0.10"
    assert record["input"]["links"] == [["a", "b"], ["c"]]
    assert service.get("/records/m%2F1").json()["label"]["value"] == "spam"
    wrong = service.put("/records/m%2F1/label", json={"value": "eggs"})
    assert wrong.status_code == 422


def _register_model(service: httpx.Client) -> None:
    options = {
        "endpoint_name": "sorting",
        "target_model": "sorter.tar.gz",
        "content_type": "application/json",
    }
    version = {"version": "1", "backend": "sagemaker", "options": options}
    registered = service.post("/models/sorter/versions", json=version)
    assert registered.status_code == 201, registered.text
    assert registered.json()["features"] == ["text", "urgent", "price", "links"]
    assert service.post("/models/sorter/promote", json={"version": "1"}).json()["live_version"] == "1"


def _check_batches(service: httpx.Client) -> None:
    batch = service.post("/predict", json={"record_ids": ["m/4", "m/1", "m/3", "none"]}).json()["items"]
    assert [item["status"] for item in batch] == [200, 200, 200, 404]
    kinds = [item["prediction"]["kind"] for item in batch[:3]]
    assert kinds == ["ham", "spam", "spam"]
    inputs = [{"text": "Hi", "urgent": False, "price": "1"}, {"text": "Hi"}]
    good, bad = service.post("/predict", json={"inputs": inputs}).json()["items"]
    assert good["prediction"] == {"kind": "ham"}
    assert bad["status"] == 422
    assert {error["field"] for error in bad["problem"]["errors"]} == {"inputs[1].urgent", "inputs[1].price"}


def _predict(service: httpx.Client, record_id: str) -> tuple[str, object]:
    answer = service.post(f"/predict/{record_id}")
    assert answer.status_code == 200, answer.text
    return answer.headers["x-cache"], answer.json()["prediction"]
