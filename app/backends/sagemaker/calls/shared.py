"""What is done once for all who wait for it, and what must not be done on the event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")

# The loop's own executor is everybody's. More than one, since roles have credentials of their own: where
# those of one hang, others' do not.
_threads = ThreadPoolExecutor(4, thread_name_prefix="aws-credentials")


async def off_the_loop(work: Callable[[], T]) -> T:
    """What botocore does that may read files, run a program or ask the network."""
    return await asyncio.get_running_loop().run_in_executor(_threads, work)


class Shared(Generic[T]):
    """Work that all who ask for it while it is under way wait for. Who gives up stops nobody else."""

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        self._work = work
        self._task: asyncio.Task[T] | None = None

    def begin(self) -> asyncio.Task[T]:
        """The work that is under way, begun now if there is none; wait for it by ``asyncio.shield``."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
            # It counts as seen, though everybody may have gone.
            self._task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._task

    async def _run(self) -> T:
        try:
            return await self._work()
        finally:
            self._task = None
