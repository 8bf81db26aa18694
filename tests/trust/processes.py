"""Processes of the service as the machine needs them: they restart with other code, and are killed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel, JsonValue

from app.core.settings import Settings
from app.db.engine import Database
from app.db.listener import Listener
from app.schemas.judged import Judged
from app.schemas.rows import Row
from app.services.access.budgets import Budgets
from app.services.access.keyring import Keyring
from app.services.access.rates import RequestRates
from app.services.inference import Inference
from app.services.models.looks import PromptLooks
from app.services.predictions.leader import Leader
from app.services.predictions.predictor import Predictor
from app.services.predictions.single_flight import SingleFlight
from app.services.runtime import Runtime
from app.services.tallies import AnswerNotes
from app.services.use_case import UseCase
from tests.support.use_case import changed


class Thing(BaseModel):
    """An input whose one field is all that a prediction depends on."""

    x: int


def use_case(code: str) -> UseCase:
    """One whose predictions say which code made them."""

    def preprocess(items: Sequence[Thing]) -> list[Row]:
        return [[item.x] for item in items]

    def postprocess(outputs: Sequence[JsonValue]) -> list[JsonValue]:
        return [{**output, "code": code} for output in outputs if isinstance(output, dict)]

    def judge(output: JsonValue) -> Judged:
        assert isinstance(output, dict)
        return Judged(float(str(output["x"])))

    return changed(
        InputObject=Thing,
        FEATURES=("x",),
        preprocess=preprocess,
        postprocess=postprocess,
        TIME_FIELD=None,
        SLICES={},
        judge=judge,
        fingerprint=code,
    )


@dataclass
class Process:
    """A replica. Its requests are tasks, which a kill leaves hanging as a dead process would."""

    runtime: Runtime
    listener: Listener
    looks: PromptLooks
    code: str

    @property
    def predictor(self) -> Predictor:
        return self.runtime.predictor

    @property
    def ttl(self) -> float | None:
        return self.runtime.settings.prediction_ttl

    async def settle(self) -> None:
        """Until nothing of its own is under way."""
        while self.runtime.flights.busy or self.looks.busy:  # noqa: ASYNC110 - they have no event
            await asyncio.sleep(0.001)

    async def aclose(self) -> None:
        await self.runtime.flights.aclose(grace=0)
        await self.looks.aclose()
        await self.runtime.inference.aclose()
        await self.listener.aclose()


async def start(settings: Settings, database: Database, code: str) -> Process:
    """A new process on the database, which the others use as well; its beacon is lit."""
    made = use_case(code)
    inference = Inference(settings)
    listener = Listener(settings)
    listener.start()
    while listener.beacon is None:  # noqa: ASYNC110 - it has no event of its own
        await asyncio.sleep(0.001)
    looks = PromptLooks(database.transactions, inference)
    budgets = Budgets(database.direct, patience=settings.database_pool_timeout)
    flights = SingleFlight(settings, Leader(settings, made, database, inference, listener, looks, budgets))
    predictor = Predictor(settings, made, database, flights)
    keyring, rates = Keyring(database.direct, patience=1), RequestRates(database.direct, patience=1)
    parts = (settings, made, database, inference, None, flights, predictor)
    runtime = Runtime(*parts, keyring, rates, budgets, AnswerNotes(database.direct))
    return Process(runtime, listener, looks, code)


def restarted(process: Process, code: str, ttl: float | None, **settings_of: float) -> Process:
    """The same with other code, PREDICTION_TTL or other settings, once it has settled."""
    settings = process.runtime.settings.model_copy(update={"prediction_ttl": ttl, **settings_of})
    made, old = use_case(code), process.runtime
    open_parts = (old.database, old.inference, process.listener, process.looks, old.budgets)
    leader = Leader(settings, made, *open_parts)
    flights = SingleFlight(settings, leader)
    predictor = Predictor(settings, made, old.database, flights)
    runtime = replace(old, settings=settings, use_case=made, flights=flights, predictor=predictor)
    return Process(runtime, process.listener, process.looks, code)
