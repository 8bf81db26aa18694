"""Versions that this process has met: each is read once, however many callers need it first."""

from collections.abc import Sequence

from app.core.joining import Joined
from app.db.engine import Sessions, is_outage
from app.schemas.hosting.deployments import Deployment
from app.services.models import versions


class KnownVersions:
    """Deployments by the ids of their versions. What an id stands for never changes.

    A process that has just begun may meet thousands of misses at once. If each read the version, all else
    that needs a connection, such as the renewal of claims, would wait behind them.
    """

    def __init__(self, sessions: Sessions, *, patience: float) -> None:
        """``patience``: seconds that a caller waits while others are read."""
        self._sessions = sessions
        self._known: dict[int, Deployment] = {}
        self._read_together: Joined[int, Deployment] = Joined(
            self._read, goes=1, most=1000, patience=patience, concerns_all=is_outage
        )

    async def deployment(self, version_id: int) -> Deployment:
        """NotFound where the version was deleted."""
        return self._known.get(version_id) or await self._read_together.ask(version_id)

    async def _read(self, version_ids: Sequence[int]) -> list[Deployment]:
        for one in dict.fromkeys(version_ids):
            if one not in self._known:
                self._known[one] = await versions.deployment(self._sessions, one)
        return [self._known[one] for one in version_ids]
