"""Make a Feast repository in a folder, and a prediction for each id of a file.

``python fill.py FOLDER IDS``, in the venv of Feast. Nothing of this project is imported.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Float64, String

CONFIG = """
project: peer
registry: registry.db
provider: local
online_store:
  type: sqlite
  path: online.db
entity_key_serialization_version: 3
"""


def main(folder: Path, ids: list[str]) -> None:
    (folder / "feature_store.yaml").write_text(CONFIG)
    now = datetime.now(UTC)
    columns = {"record_id": ids, "prediction": 101.5, "version": "2", "computed_at": now}
    frame = pd.DataFrame(columns)
    frame.to_parquet(folder / "predictions.parquet")
    record = Entity(name="record", join_keys=["record_id"], value_type=ValueType.STRING)
    source = FileSource(path=str(folder / "predictions.parquet"), timestamp_field="computed_at")
    view = FeatureView(
        name="predictions",
        entities=[record],
        schema=[
            Field(name="record_id", dtype=String),
            Field(name="prediction", dtype=Float64),
            Field(name="version", dtype=String),
        ],
        source=source,
    )
    store = FeatureStore(repo_path=str(folder))
    store.apply([record, view])
    store.write_to_online_store("predictions", frame)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]).read_text().split())
