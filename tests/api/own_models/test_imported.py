"""From a bucket to an answer: artifacts are registered from a prefix, and each record has its own model."""

from pathlib import Path

import boto3

from app.core.settings import Settings
from app.services.inference import Inference
from app.services.models.importing.importer import import_models
from app.services.models.importing.pattern import KeyPattern
from app.services.models.importing.wanted import ModelsWanted
from tests.support.app import client_of, running_app
from tests.support.artifacts import write_artifact
from tests.support.many_models import bucket, endpoint
from tests.support.orders import FEATURES
from tests.support.own_models import OWN, store_of

__all__ = ["bucket", "endpoint"]

TIMES = """
    def model_fn(folder):
        return {}

    def predict_fn(rows, factor):
        return rows.reshape(-1) * factor
"""
CARRIERS = {"of-AA": 2, "of-B6": 3}


async def test_each_record_is_answered_by_the_artifact_of_its_own_model(
    bucket: str, endpoint: None, settings: Settings, tmp_path: Path
) -> None:
    for model, factor in CARRIERS.items():
        content = write_artifact(tmp_path / f"{model}.tar.gz", TIMES.format(factor)).read_bytes()
        boto3.Session().client("s3").put_object(Bucket=bucket, Key=f"team a/{model}/1.tar.gz", Body=content)
    wanted = ModelsWanted(
        *(f"s3://{bucket}/team a", KeyPattern("{model}/{version}.tar.gz"), {"endpoint_name": "many"}),
        features=FEATURES,
        promote=True,
    )
    async with running_app(settings, OWN) as app, client_of(app) as client:
        sessions, inference = app.state.runtime.sessions, Inference(settings)
        await import_models(sessions, OWN, inference, wanted, said=lambda *_: None)
        await inference.aclose()
        await store_of(client, {"first": "AA", "second": "B6"}, ratio=1.5)
        answers = (await client.post("/predict", json={"record_ids": ["first", "second"]})).json()["items"]
    assert [(one["model"], one["prediction"]) for one in answers] == [("of-AA", 3.0), ("of-B6", 4.5)]
    assert all(one["revision"] for one in answers)
