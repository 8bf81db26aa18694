"""``python -m app worker``."""

import asyncio
import signal

from app.core.logging import configure_logging
from app.core.settings import Settings
from app.services import worker as service
from app.services.runtime import open_runtime


def worker() -> None:
    """Work on evaluations and prediction jobs, on as many machines as wanted. Ctrl-C or SIGTERM ends it."""
    settings = Settings()
    configure_logging(settings)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_runtime(settings) as runtime:
        await service.work(runtime, stop)
