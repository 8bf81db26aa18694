"""Register model versions, and move the live pointer."""

from collections import Counter
from collections.abc import Sequence
from typing import cast

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import AppError, Conflict, FieldError, InvalidInput, NotFound
from app.db import looks as looks_db
from app.db import models as db
from app.db.engine import Sessions
from app.db.tables import ModelRow, ModelVersionRow
from app.schemas.access.callers import CURRENT
from app.schemas.hosting.deployments import Deployment
from app.schemas.models import Model, ModelVersion, NewVersion
from app.services import pipeline
from app.services.access import audit, bounds
from app.services.hosting.looks import place_of, sleeps
from app.services.inference import Inference
from app.services.models import decided, fallbacks, looks
from app.services.models import probe as probing
from app.services.models.decided import Shown
from app.services.models.describing import describe, grouped
from app.services.models.probe import not_live
from app.services.use_case import UseCase


async def register(
    sessions: Sessions, use_case: UseCase, inference: Inference, model: str, new: NewVersion
) -> tuple[ModelVersion, bool]:
    """Register a version, and say whether it is new. The same again is no change; another one is a Conflict.

    Asks the platform what it has deployed; if it does not answer, the background refresh asks again. Where it
    is to be promoted and its probe fails, it stays registered, and the probe's error says so. Forbidden where
    the caller may not know of the model.
    """
    bounds.require_own_model(model)
    deployment = _deployment(use_case, model, new)
    # The same again is answered while the platform is away, or when what it had is gone.
    async with sessions.begin() as session:
        is_new = not await _is_registered(session, deployment)
        if is_new:
            await fallbacks.require(session, deployment)
        start = await looks_db.begin(session)
    seen = await inference.probe(deployment) if is_new else None
    place = place_of(deployment.backend, deployment.options)
    async with sessions.begin() as session:
        row = await db.ensure_model(session, model)
        found = await db.find_version(session, row.id, new.version)
        if found is not None and not is_same(found, deployment):
            taken = f"Version {new.version!r} of {model!r} is registered with other content"
            raise Conflict(f"{taken}, and versions never change: choose another name.")
        version = found or await db.insert_version(
            *(session, row.id, deployment),
            place=place,
            found=looks.in_service(start.number, seen),
            newest_id=start.newest_id,
        )
        if found is None:
            subject = audit.version_subject(model, new.version)
            await audit.note(session, "registered", subject, backend=new.backend)
        registered = describe(row, version)
    if new.promote:
        try:
            await promote(sessions, use_case, inference, model, new.version, probe=new.probe)
        except NotFound:  # it was deleted meanwhile
            raise
        except AppError as error:
            raise error.after("It is registered.") from error
    told = {"live": registered.live or new.promote, "warning": looks.warning(deployment, seen)}
    return registered.model_copy(update=told), found is None


async def promote(
    sessions: Sessions,
    use_case: UseCase,
    inference: Inference,
    model: str,
    version: str,
    *,
    probe: bool | None = None,
    shown: Shown | None = None,
) -> Model:
    """Make a version live, at once for every replica; Conflict unless it is, or ``shown`` still is.

    Misconfigured where it takes features that preprocess lacks. With ``probe`` a row is sent to it first,
    unless there is no record or it is live already; where that fails, the live version stays as it is, and
    the probe's error is raised. None: unless that would start a server that is stopped.
    """
    async with sessions() as session:
        wanted = await version_id(session, model, version)
        row = await db.find_model(session, model)
    if row is not None and row.live_version_id != wanted:
        candidate = await deployment(sessions, wanted)
        require_features(use_case, candidate)
        if not sleeps(candidate.backend, candidate.options) if probe is None else probe:
            with not_live(candidate, ": its probe failed"):
                seconds = inference.predict_timeout
                await probing.probe(sessions, use_case, inference, candidate, seconds=seconds)
    async with sessions.begin() as session:
        row = await locked(session, model)
        found = await db.find_version(session, row.id, version)
        if found is None or found.id != wanted:  # another one has its name now, and sent nothing
            raise NotFound(f"The version {version!r} of {model!r} was deleted meanwhile.")
        if row.live_version_id != wanted:
            await decided.require(session, row, shown)
            await db.promote(session, row, wanted)
            await audit.note(session, "promoted", audit.version_subject(model, version))
    return await get(sessions, model)


def require_features(use_case: UseCase, candidate: Deployment) -> None:
    """Misconfigured, and that it is not live, where a version takes features that preprocess lacks."""
    with not_live(candidate):
        pipeline.require_features(use_case, candidate)


async def get(sessions: Sessions, model: str) -> Model:
    """One model, or NotFound."""
    async with sessions() as session:
        found = grouped(await db.list_versions(session, model))
    if not found:
        raise NotFound(f"There is no model {model!r}.")
    return found[0]


async def list_all(sessions: Sessions) -> list[Model]:
    """Every model, by name."""
    async with sessions() as session:
        return grouped(await db.list_versions(session))


async def deployment(sessions: Sessions, version_id: int) -> Deployment:
    """What inference needs to know of a version."""
    async with sessions() as session:
        found = await db.get_version(session, version_id)
    if found is None:
        raise NotFound(f"There is no model version with the id {version_id}.")
    return stored(*found)


async def live_deployments(sessions: Sessions) -> list[Deployment]:
    """The live version of every model, as inference needs to know it."""
    async with sessions() as session:
        return [stored(name, row) for name, row in await db.live_versions(session)]


def stored(model: str, row: ModelVersionRow) -> Deployment:
    """A version as inference needs to know it."""
    options = cast(dict[str, JsonValue], row.options)
    return Deployment(row.id, model, row.version, row.backend, options, tuple(row.features))


def named_or_default(model: str | None, default: str | None) -> str:
    """The model that is meant; InvalidInput where none is named and none is the default, or none that the
    caller may know of."""
    name = model or (default if default and CURRENT.get().knows_model(default) else None)
    if name is None:
        raise none_named()
    return name


def none_named() -> InvalidInput:
    """No model is named, and none is the default."""
    missing = FieldError("model", "name one, or set DEFAULT_MODEL")
    return InvalidInput("Which model is meant?", errors=[missing])


def no_version(model: str, version: str | None, *, model_exists: bool) -> AppError:
    """Why there is no such version to predict with; None asks for the live one."""
    if not model_exists:
        return NotFound(f"There is no model {model!r}.")
    if version is None:
        return Conflict(f"The model {model!r} has no live version: promote one, or name a version.")
    return NotFound(f"The model {model!r} has no version {version!r}.")


async def version_id(session: AsyncSession, model: str, version: str | None) -> int:
    """The id of a version, None the live one; NotFound or Conflict says what there is not."""
    row = await db.find_model(session, model)
    if row is None:
        raise no_version(model, version, model_exists=False)
    if version is None and row.live_version_id is not None:
        return row.live_version_id
    found = await db.find_version(session, row.id, version) if version is not None else None
    if found is None:
        raise no_version(model, version, model_exists=True)
    return found.id


def _deployment(use_case: UseCase, model: str, new: NewVersion) -> Deployment:
    features = features_of(use_case, new.features)
    return Deployment(0, model, new.version, new.backend, new.options, features)


def features_of(use_case: UseCase, given: Sequence[str] | None) -> tuple[str, ...]:
    """Those that a version takes, None for all; InvalidInput names those that preprocess does not make."""
    features = tuple(use_case.features if given is None else given)
    known = ", ".join(use_case.features)
    unknown = [
        FieldError(f"features[{index}]", f"{name!r} is not one of preprocess.FEATURES: {known}")
        for index, name in enumerate(features)
        if name not in use_case.features
    ]
    last = {name: index for index, name in enumerate(features)}
    twice = [
        FieldError(f"features[{last[name]}]", f"names {name!r} twice")
        for name, count in Counter(features).items()
        if count > 1
    ]
    if unknown or twice:
        raise InvalidInput("The features do not fit.", errors=unknown + twice)
    return features


async def _is_registered(session: AsyncSession, wanted: Deployment) -> bool:
    row = await db.find_model(session, wanted.model)
    found = None if row is None else await db.find_version(session, row.id, wanted.version)
    return found is not None and is_same(found, wanted)


def is_same(row: ModelVersionRow, wanted: Deployment) -> bool:
    """Whether a version is registered as it is wanted."""
    return (row.backend, row.options, tuple(row.features)) == (
        wanted.backend,
        wanted.options,
        wanted.features,
    )


async def locked(session: AsyncSession, model: str) -> ModelRow:
    """A model that nobody else can change until the transaction ends, or NotFound."""
    row = await db.lock_model(session, model)
    if row is None:
        raise NotFound(f"There is no model {model!r}.")
    return row
