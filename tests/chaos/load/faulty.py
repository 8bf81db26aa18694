"""The service with a fault put into it: ``python -m tests.chaos.load.faulty FAULT serve``."""

import sys
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import text

from app.cli import main
from app.core.errors import Unavailable
from app.schemas.hosting.deployments import InService
from app.services.predictions.flights import Batch, Wanted
from app.services.predictions.leader import Leader


def hold_a_connection() -> None:
    """While a model infers."""
    infer = Leader._infer

    async def holding(self: Leader, batch: Batch, claimed: Sequence[Wanted], in_service: InService) -> None:
        async with self.database.transactions() as session:
            await session.execute(text("select 1"))
            await infer(self, batch, claimed, in_service)

    setattr(Leader, "_infer", holding)  # noqa: B010 - mypy knows methods are not to be assigned


def forget_claims() -> None:
    """Whoever claims goes away."""

    async def going(self: Leader, batch: Batch, claimed: Sequence[Wanted], in_service: InService) -> None:
        for one in claimed:
            batch.land(one.content_hash, Unavailable("It went away."))

    setattr(Leader, "_infer", going)  # noqa: B010


FAULTS: Mapping[str, Callable[[], None]] = {
    "hold-a-connection": hold_a_connection,
    "forget-claims": forget_claims,
}

if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    main(sys.argv[2:])
