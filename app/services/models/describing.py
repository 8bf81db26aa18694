"""Models and versions as callers see them."""

from collections.abc import Sequence
from typing import cast

from pydantic import JsonValue
from sqlalchemy import Row

from app.db.tables import ModelRow, ModelVersionRow
from app.schemas.hosting.deployments import InService
from app.schemas.models import Model, ModelVersion


def describe(model: ModelRow, row: ModelVersionRow) -> ModelVersion:
    """A version, and whether it is live."""
    in_service = InService.of(row.epoch, row.revisions, row.deployed)
    return ModelVersion(
        model=model.name,
        version=row.version,
        live=row.id == model.live_version_id,
        backend=row.backend,
        options=cast(dict[str, JsonValue], row.options),
        features=row.features,
        revision=in_service.in_words,
        revisions=sorted(in_service.revisions - {""}),
        pending=in_service.is_unsettled,
        created_at=row.created_at,
    )


def grouped(rows: Sequence[Row[ModelRow, ModelVersionRow]]) -> list[Model]:
    """Each model once, with its versions, in the order of the rows."""
    models: dict[str, Model] = {}
    for model, row in rows:
        entry = models.setdefault(model.name, Model(model=model.name, live_version=None, versions=[]))
        version = describe(model, row)
        entry.versions.append(version)
        if version.live:
            entry.live_version = version.version
    return list(models.values())
