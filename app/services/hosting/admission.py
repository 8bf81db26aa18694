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
        self._under_way: Counter[int] = Counter()
        self._in_a_call: dict[int, int] = {}

    def admits(self, deployment: Deployment) -> bool:
        """Whether there is room for another task."""
        if self._most is None:
            return True
        if deployment.id not in self._in_a_call:
            self._in_a_call[deployment.id] = _callers_in_a_call(deployment)
        return self._under_way[deployment.id] < self._most * self._in_a_call[deployment.id]

    def enter(self, deployment: Deployment) -> Callable[[object], None]:
        """Count a task in; what it gives counts it out."""
        self._under_way[deployment.id] += 1
        return partial(self._leave, deployment.id)

    def _leave(self, version_id: int, _: object) -> None:
        self._under_way[version_id] -= 1


def _callers_in_a_call(deployment: Deployment) -> int:
    try:
        options = parse(deployment.backend, deployment.options)
    except AppError:  # of a release that knew other options: it is told when it is opened
        return 1
    return 1 if options.batch_delay_ms is None else options.batch_rows
