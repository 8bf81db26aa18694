"""What routes ask for by type."""

from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Path, Request

from app.core.settings import Settings
from app.db.engine import Sessions
from app.schemas.ids import RecordIdText, check_record_id
from app.services.inference import Inference
from app.services.predictions.predictor import Predictor
from app.services.upkeep.health import Health


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _inference(request: Request) -> Inference:
    inference: Inference = request.app.state.inference
    return inference


def _predictor(request: Request) -> Predictor:
    predictor: Predictor = request.app.state.predictor
    return predictor


def _health(request: Request) -> Health:
    health: Health = request.app.state.health
    return health


def _record_id(record_id: Annotated[str, Path(description="1 to 200 characters")]) -> str:
    return check_record_id(unquote(record_id))


SessionsDep = Annotated[Sessions, Depends(_sessions)]
SettingsDep = Annotated[Settings, Depends(_settings)]
InferenceDep = Annotated[Inference, Depends(_inference)]
HealthDep = Annotated[Health, Depends(_health)]
PredictorDep = Annotated[Predictor, Depends(_predictor)]
RecordId = Annotated[RecordIdText, Depends(_record_id)]
"""The record's id from the path, decoded once (see middleware.ExactPaths)."""
