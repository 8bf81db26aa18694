"""The models: which one is the default, and whether each live version can be used."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Row

from app.backends import registry
from app.core.errors import AppError, BackendDown, BackendMissing, BackendRefused, BackendTimeout
from app.core.settings import Settings
from app.db import models as rows
from app.db.engine import run
from app.db.ledger import prices as price_rows
from app.db.tables import ModelVersionRow
from app.schemas.health import Finding
from app.schemas.hosting.deployments import Deployment, InService
from app.services.hosting.looks import Sighting
from app.services.inference import Inference
from app.services.models import versions
from app.services.models.probe import probe
from app.services.pipeline import require_features
from app.services.runtime import Sessions
from app.services.upkeep.doctor.looking import Check, of_error, ok, skipped, warning
from app.services.upkeep.platforms import look_at_all
from app.services.use_case import UseCase

OF_A_LOOK, OF_A_ROW = 10.0, 30.0
"""Seconds for one place, and for one row where a model has to be loaded first."""
TOGETHER = 10
"""Versions beyond so many, of which nothing is to be said, have one line together."""
RIGHTS = "Give this process the credentials, with the rights that docs/platforms.md names."
ADVICE: dict[type[AppError], str] = {
    BackendMissing: "Deploy it on the platform again, or promote a version that is there.",
    BackendRefused: RIGHTS,
    BackendTimeout: "Look at the platform, and at the way there; `models rollback` needs neither.",
    BackendDown: "Look at the platform, and at the way there; `models rollback` needs neither.",
}
PRICE = "Say what they cost: `python -m app models price --help`."
OTHERWISE = "Set right what it names, or promote a version that can be used."


@dataclass(frozen=True)
class ModelChecks:
    """``probes``: a row is sent to each live version, which may cost."""

    settings: Settings
    sessions: Sessions
    inference: Inference
    use_case: UseCase | None
    probes: bool

    def all(self) -> Sequence[Check]:
        long = 600.0  # each place, and each row, has a limit of its own
        return (
            Check("default model", self.default, "Promote a version, or set DEFAULT_MODEL."),
            Check("packages", self.packages, "Install what it names."),
            Check("prices", self.prices, PRICE),
            Check("live versions", self.live, "Look at the platforms.", seconds=long),
        )

    async def default(self) -> Iterable[Finding]:
        name, check = self.settings.default_model, "default model"
        if name is None:
            return [skipped(check, "DEFAULT_MODEL is not set: each request names its model.")]
        async with self.sessions() as session:
            await versions.version_id(session, name, None)
        return [ok(check, f"{name}, which has a live version.")]

    async def packages(self) -> Iterable[Finding]:
        """Whether what the platforms of registered versions need is installed."""
        names = await run(self.sessions, rows.backends)
        return [await asyncio.to_thread(_imported, name) for name in names]

    async def prices(self) -> Iterable[Finding]:
        """Whether the overview can tell what the cache saved."""
        live = await run(self.sessions, rows.live_versions)
        of_version, of_model = dict[int, bool](), dict[int, bool]()
        for one in await run(self.sessions, price_rows.every):  # the last that is in force counts
            if one.valid_from > datetime.now(UTC):
                continue
            if one.model_version_id is None:
                of_model[one.model_id] = one.amount is not None
            else:
                of_version[one.model_version_id] = one.amount is not None
        without = [
            f"{model} {row.version}"
            for model, row in live
            if not of_version.get(row.id, of_model.get(row.model_id, False))
        ]
        if not of_version and not of_model:
            return [skipped("prices", "There are none: what the cache saves is counted, not priced.")]
        if without:
            return [warning("prices", f"Live versions have none: {', '.join(without)}.", PRICE)]
        return [ok("prices", "Every live version has one.")]

    async def live(self) -> Iterable[Finding]:
        found = await run(self.sessions, rows.live_versions)
        if not found:
            do = "Register one: `python -m app models register --help`."
            return [warning("live versions", "No model has a live version: nothing can be predicted.", do)]
        noted = {row.id: InService.of(row.epoch, row.revisions, row.deployed) for _, row in found}
        seen = await look_at_all(self.inference, _deployments(found), seconds=OF_A_LOOK)
        told = [self._told(one, sighting, noted[one.id]) for one, sighting in seen]
        if self.probes:
            told += await asyncio.gather(*(self._probed(one) for one, _ in seen))
        return _shortened(told)

    def _told(self, one: Deployment, seen: Sighting, noted: InService) -> Finding:
        check = _named(one)
        try:
            if self.use_case is not None:
                require_features(self.use_case, one)
        except AppError as error:
            do = "Deploy the code that makes them, or roll back: `python -m app models rollback`."
            return of_error(check, error, do)
        if isinstance(seen, AppError):
            return of_error(check, seen, _advice(seen))
        if seen is None:
            return ok(check, f"{one.backend} can be opened; it was not asked, or does not say, what it runs.")
        revisions = " and ".join(sorted(seen.revisions))
        if seen.pending:
            do = "Wait until the platform has rolled it out; meanwhile less is cached."
            return warning(check, f"A change is under way on {one.backend}; in service: {revisions}.", do)
        if not seen.partial and seen.revisions != noted.revisions and not seen.at_registration:
            said = f"In service on {one.backend} is {revisions}, noted is {noted.in_words or 'nothing'}."
            do = "Nothing where a service or a worker runs: its next look notes it (REVISION_REFRESH)."
            return warning(check, said, do)
        return ok(check, f"{one.backend} answers; in service: {revisions}.")

    async def _probed(self, one: Deployment) -> Finding:
        check = f"{_named(one)}, a row"
        if self.use_case is None:
            return skipped(check, "The use case cannot be loaded.")
        try:
            done = await probe(self.sessions, self.use_case, self.inference, one, seconds=OF_A_ROW)
        except AppError as error:
            return of_error(check, error, _advice(error))
        if done is None:
            return skipped(check, "There is no record to send, or its platform answers later.")
        return ok(check, "It was answered, and postprocess took the answer.")


def _deployments(found: Sequence[Row[str, ModelVersionRow]]) -> list[Deployment]:
    return [versions.stored(model, row) for model, row in found]


def _named(one: Deployment) -> str:
    return f"{one.model} {one.version}"


def _imported(name: str) -> Finding:
    try:
        registry.options_of(name)
    except AppError as error:
        return of_error("packages", error, "Install it beside this service; docs/platforms.md names it.")
    return ok("packages", f"{name}: what it needs is installed.")


def _advice(error: AppError) -> str:
    return next((do for kind, do in ADVICE.items() if isinstance(error, kind)), OTHERWISE)


def _shortened(told: Sequence[Finding]) -> list[Finding]:
    """All of which something is to be said, and not too many of the others."""
    well = [one for one in told if one.status == "ok"]
    if len(well) <= TOGETHER:
        return [*told]
    others = [one for one in told if one.status != "ok"]
    return [ok("live versions", f"{len(well):,} others can be used."), *others]
