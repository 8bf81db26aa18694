"""Notes what callers are told of predictions: each once, however it was asked for."""

import re
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Annotated, cast

from fastapi import Depends, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.http.strict_route import ItemwiseRoute
from app.core.errors import AppError
from app.core.signals import RequestSignals, answered
from app.core.signals.answered import note_as, note_error, note_failure
from app.services.failures import outages
from app.services.predictions.predictor import Answer

WRITTEN = re.compile(
    r'"model":"([^"]*)","version":"([^"]*)","revision":"(?:[^"\\]|\\.)*","computed_at":"[^"]*","status":200,'
    r'"cache":"HIT"}\Z'
)
"""The end of an item that Postgres has written; see ``answers.HIT``."""
__all__ = ["NotingDep", "PredictionRoute", "RouteNoted", "signals_of"]


def signals_of(scope: Scope) -> RequestSignals:
    """Those of the request, which the front has begun."""
    return cast(RequestSignals, scope["signals"])


class RouteNoted:
    """Right around the routes: notes which of them was found."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        finally:
            if scope["type"] == "http":
                signals_of(scope).route = getattr(scope.get("route"), "path_format", "")


class PredictionRoute(ItemwiseRoute):
    """A route that tells predictions. Its handler notes them; that the database was away is noted here, once
    nothing is tried again."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        handle = super().get_route_handler()
        origin: answered.Origin = "request" if self.body_field is None else "batch"

        async def noting(request: Request) -> Response:
            try:
                return await handle(request)
            except outages.OUTAGES as error:
                signals = signals_of(request.scope)
                note_outage(origin, error, perf_counter() - request.scope["began"], signals.asked)
                raise

        return noting


def note_outage(origin: answered.Origin, error: Exception, seconds: float, count: int = 1) -> None:
    """What was told in place of so many predictions."""
    if count:
        note_failure(origin, "", "", outages.slug(error), seconds, count)


class Noting:
    """Of one request; ``began`` is when, by time.perf_counter."""

    def __init__(self, signals: RequestSignals, began: float) -> None:
        self._signals, self._began = signals, began

    @property
    def seconds(self) -> float:
        """That its caller has waited so far."""
        return perf_counter() - self._began

    @contextmanager
    def asked(self, origin: answered.Origin, count: int) -> Iterator[None]:
        """In the block so many predictions are asked for; an error that leaves it is told for all of them."""
        self._signals.asked = count
        try:
            yield
        except AppError as error:
            note_error(origin, error, self.seconds, count)
            raise

    def told(self, answer: Answer) -> None:
        answered.note("request", answer, self.seconds)

    def told_together(
        self,
        ids: Sequence[str | AppError],
        found: Mapping[str, Answer | AppError | str],
        *,
        of_own_models: bool = False,
    ) -> None:
        """The items of a batch, as ``answers.batch`` writes them; of texts the hits that they are.
        ``of_own_models``: each may be of another model."""
        seconds = self.seconds
        told = [*found.values()] if len(found) == len(ids) else [_of(one, found) for one in ids]
        written = [one for one in told if isinstance(one, str)]
        if len(written) < len(told):
            answered.note_each("batch", (one for one in told if not isinstance(one, str)), seconds)
        for (model, version), count in _versions(written, each=of_own_models).items():
            note_as("batch", model, version, "HIT", seconds, count)


def _of(one: str | AppError, found: Mapping[str, Answer | AppError | str]) -> Answer | AppError | str:
    return found[one] if isinstance(one, str) else one


def _versions(written: Sequence[str], *, each: bool) -> Mapping[tuple[str, str], int]:
    """How many hits are of which model and version. To look at each costs a tenth of what it takes to look
    them up; but for a promotion in between, all are of one."""
    if not written:
        return {}
    first, last = _version(written[0]), _version(written[-1])
    if first == last and not each:
        return {first: len(written)}
    return Counter(map(_version, written))


def _version(written: str) -> tuple[str, str]:
    found = WRITTEN.search(written)
    return (found[1], found[2]) if found else ("", "")


async def _noting(request: Request) -> Noting:
    return Noting(signals_of(request.scope), request.scope["began"])


NotingDep = Annotated[Noting, Depends(_noting)]
