"""``python -m app worker``."""

import asyncio
import gc
import signal

from app.core.logging import configure_logging, written_aside
from app.core.settings import Settings
from app.services import worker as service
from app.services.runtime import open_runtime


def worker() -> None:
    """Work on evaluations and prediction jobs, on as many machines as wanted.

    Ctrl-C or SIGTERM ends it in order: what cannot be finished soon goes back to the queue. A second one ends
    it at once.
    """
    settings = Settings()
    configure_logging(settings)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)  # the next one is the system's own again

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    with written_aside():
        async with open_runtime(settings, bulk=True) as runtime:
            runtime.tell_code()
            gc.freeze()  # what is imported stays: looking through it again and again cost a third of the CPU
            await service.work(runtime, stop)
