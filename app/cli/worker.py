"""``python -m app worker``."""

import asyncio
import gc
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING

from app.cli.program.collecting import all_imported

if TYPE_CHECKING:
    from app.core.settings import Settings
    from app.services.runtime import Runtime


MORE = 15.0
"""Seconds beyond PREDICT_TIMEOUT, for which inferences under way are waited for, that an end may take."""
OF_THREADS = 2.0
"""Seconds that the end waits for threads once all is closed. One may run code that never ends."""


def worker() -> None:
    """Work on evaluations and prediction jobs, on as many machines as wanted.

    Ctrl-C or SIGTERM ends it in order: what cannot be finished soon goes back to the queue. What does not end
    PREDICT_TIMEOUT and 15 seconds later is given up. A second one ends it at once.
    """
    from app.core.logging import configure_logging
    from app.core.settings import Settings

    settings = Settings()
    configure_logging(settings)
    asyncio.run(_work(settings))


async def _work(settings: "Settings") -> None:
    from app.core.logging import written_aside
    from app.core.tracing.exporting import exporting
    from app.services import worker as service
    from app.services.runtime import open_runtime

    all_imported()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)  # the next one is the system's own again
        _after(settings.predict_timeout + MORE, _give_up)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    with written_aside(), exporting():
        async with open_runtime(settings, bulk=True) as runtime:
            runtime.tell_code()
            gc.freeze()  # what is imported stays: looking through it again and again cost a third of the CPU
            async with _telling(runtime):
                await service.work(runtime, stop)
    _after(OF_THREADS, lambda: os._exit(0))


def _telling(runtime: "Runtime") -> AbstractAsyncContextManager[None]:
    if not runtime.settings.metrics_port:
        return nullcontext()
    from app.api.signals.listening import listening  # takes a web framework, for those who want it

    return listening(runtime)


def _after(seconds: float, end: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _give_up() -> None:
    import structlog

    structlog.get_logger(__name__).error("the worker is ended, since something in it does not end")
    time.sleep(0.5)  # until that is written
    os._exit(1)
