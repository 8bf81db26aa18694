"""What is done again and again while something else is under way."""

import asyncio
from collections.abc import Callable, Coroutine


class Heartbeat:
    """Calls ``beat`` every so many seconds after it was made, or after the last has ended, until it is
    stopped. A timer, and a task only when it comes to that: most of what it goes beside ends before.

    A beat that fails is the last.
    """

    def __init__(self, seconds: float, beat: Callable[[], Coroutine[None, None, None]]) -> None:
        self._seconds, self._beat = seconds, beat
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(seconds, self._begin)

    def stop(self) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._go_on())

    async def _go_on(self) -> None:
        while True:
            await self._beat()
            await asyncio.sleep(self._seconds)
