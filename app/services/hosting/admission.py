"""A limit on what is inferred at once for a model version, and a short queue before it: a bulkhead."""

from collections import Counter
from collections.abc import Callable
from functools import partial

from app.backends.registry import parse
from app.core.errors import AppError
from app.schemas.hosting.deployments import Deployment


class Admission:
    """Counts the tasks under way of each version.

    A task is a call to the platform, or a part of one where the rows of several callers go together. It may
    take more calls than one; then others wait longer than they would, and none more than its own time.
    """

    def __init__(self, *, concurrency: int, queue: int | None) -> None:
        """``queue`` None admits all: for work that bounds itself."""
        self._most = None if queue is None else concurrency + queue
        self._under_way: Counter[tuple[int, bool]] = Counter()
        self._in_a_call: dict[tuple[int, bool], int] = {}

    def admits(self, deployment: Deployment) -> bool:
        """Whether there is room for another task."""
        if self._most is None:
            return True
        lane = deployment.opened_as
        if lane not in self._in_a_call:
            self._in_a_call[lane] = _callers_in_a_call(deployment)
        return self._under_way[lane] < self._most * self._in_a_call[lane]

    def enter(self, deployment: Deployment) -> Callable[[object], None]:
        """Count a task in; what it gives counts it out."""
        self._under_way[deployment.opened_as] += 1
        return partial(self._leave, deployment.opened_as)

    def _leave(self, lane: tuple[int, bool], _: object) -> None:
        self._under_way[lane] -= 1


def _callers_in_a_call(deployment: Deployment) -> int:
    try:
        options = parse(deployment.backend, deployment.options)
    except AppError:  # of a release that knew other options: it is told when it is opened
        return 1
    return 1 if options.batch_delay_ms is None or deployment.explained else options.batch_rows
