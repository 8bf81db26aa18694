"""What waits for a worker, and whether there is one."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.db.engine import Sessions
from app.db.queue import lives, waiting
from app.db.queue.waiting import Waiting


@dataclass(frozen=True)
class QueueState:
    """``waiting``: by kind, as far as the caller may know of it."""

    workers: int
    waiting: Sequence[Waiting]

    @property
    def depth(self) -> int:
        return sum(one.number for one in self.waiting)

    @property
    def is_stuck(self) -> bool:
        """Whether something waits, and nobody lives who would do it."""
        return self.depth > 0 and self.workers == 0


async def look(sessions: Sessions) -> QueueState:
    """As the database's clock has it."""
    async with sessions() as session:
        return QueueState(await lives.count(session), await waiting.count(session))
