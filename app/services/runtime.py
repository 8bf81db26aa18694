"""What the API and the worker both run on, opened and closed in order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from app.backends.http import proxies
from app.core.errors import Misconfigured
from app.core.settings import Settings
from app.db.engine import Database, Sessions, open_database
from app.db.listener import Listener
from app.services.access.budgets import Budgets
from app.services.access.keyring import Keyring
from app.services.access.rates import RequestRates
from app.services.inference import Inference
from app.services.models.looks import PromptLooks
from app.services.predictions.lasting.deferred import Deferred
from app.services.predictions.lasting.operations import Operations
from app.services.predictions.leader import Leader
from app.services.predictions.memory import Memory
from app.services.predictions.predictor import Predictor
from app.services.predictions.single_flight import SingleFlight
from app.services.tallies import AnswerNotes
from app.services.use_case import UseCase, load
from app.storage import Storage, open_storage

if TYPE_CHECKING:
    from app.services.access.tokens import Tokens

log = structlog.get_logger(__name__)

__all__ = ["Runtime", "Sessions", "Storage", "open_runtime"]


@dataclass(frozen=True)
class Runtime:
    """The open parts of a process; ``storage`` is None where STORAGE_URL is not set."""

    settings: Settings
    use_case: UseCase
    database: Database
    inference: Inference
    storage: Storage | None
    flights: SingleFlight
    predictor: Predictor
    keyring: Keyring
    rates: RequestRates
    budgets: Budgets
    answer_notes: AnswerNotes
    tokens: "Tokens | None" = None
    """None where OIDC_ISSUER is not set."""

    def tell_code(self) -> None:
        """Log which code answers: what has changed where a new release makes predictions anew."""
        parts = {name: stage.fingerprint for name, stage in self.use_case.stages.items()}
        log.info("opened on this code", pipeline_version=self.predictor.pipeline_version, **parts)
        if self.settings.backend_hosts:
            proxies.tell()

    @property
    def sessions(self) -> Sessions:
        """Those in transactions."""
        return self.database.transactions


@asynccontextmanager
async def open_runtime(
    settings: Settings, use_case: UseCase | None = None, *, bulk: bool = False, sheds: bool = False
) -> AsyncIterator[Runtime]:
    """Open everything, and close it in the opposite order: what is under way lands first.

    The use case is by default that of the settings.
    ``bulk``: it works on many records at a time. ``sheds``: what is asked beyond INFERENCE_QUEUE is refused,
    as callers are many and go on by themselves. Nothing is connected before it is used, but for the
    listener, which goes on trying.
    """
    chosen = use_case or load(settings.use_case)
    async with AsyncExitStack() as opened:
        database = open_database(settings, bulk=bulk)
        opened.push_async_callback(database.aclose)
        answer_notes = AnswerNotes(database.direct)
        answer_notes.start()
        opened.push_async_callback(answer_notes.aclose)
        inference = Inference(settings)
        opened.push_async_callback(inference.aclose)
        storage = open_storage(settings.storage_url) if settings.storage_url else None
        memory = _memory(settings)
        lasting = bulk or sheds  # a service or a worker, which others are to find of one mind
        listener = Listener(settings, memory, _code(settings, chosen) if lasting else None)
        listener.start()
        opened.push_async_callback(listener.aclose)
        looks = PromptLooks(database.transactions, inference)
        opened.push_async_callback(looks.aclose)
        budgets = Budgets(database.direct, patience=settings.database_pool_timeout)
        leader = Leader(settings, chosen, database, inference, listener, looks, budgets)
        flights = SingleFlight(settings, leader, queue=settings.inference_queue if sheds else None)
        opened.push_async_callback(partial(flights.aclose, grace=settings.predict_timeout))
        deferred = Deferred(settings, Operations(settings, database, budgets, listener))
        predictor = Predictor(settings, chosen, database, flights, memory, deferred)
        keyring = Keyring(database.direct, patience=settings.database_pool_timeout)
        opened.push_async_callback(keyring.aclose)
        rates = RequestRates(database.direct, patience=settings.database_pool_timeout)
        opened.push_async_callback(rates.aclose)
        tokens = _tokens(settings)
        if tokens is not None:
            opened.push_async_callback(tokens.aclose)
        yield Runtime(
            *(settings, chosen, database, inference, storage, flights, predictor),
            *(keyring, rates, budgets, answer_notes, tokens),
        )


def _code(settings: Settings, use_case: UseCase) -> str:
    return settings.pipeline_version or use_case.fingerprint


def _tokens(settings: Settings) -> "Tokens | None":
    """PyJWT is for those who have OIDC_ISSUER."""
    if settings.oidc_issuer is None:
        return None
    try:
        from app.services.access.tokens import Tokens
    except ImportError as error:
        needed = "OIDC_ISSUER needs the package pyjwt[crypto]: pip install -r requirements-oidc.txt"
        raise Misconfigured(needed) from error
    return Tokens(settings)


def _memory(settings: Settings) -> Memory | None:
    if not settings.memory_records:
        return None
    return Memory(records=settings.memory_records, seconds=settings.memory_seconds)
