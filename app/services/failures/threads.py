"""Threads for code that may never end: it can be given up, and a process can end without it."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from time import monotonic
from typing import TypeVar

R = TypeVar("R")


class NotBegun(TimeoutError):
    """The time was over before there was a thread."""


class Threads:
    """Runs calls in threads, at most ``at_once`` beside those that have taken more than ``slow`` seconds
    already: others take the place of these, up to ``most`` in all.

    Of the standard library's executors, and of anyio's threads, each has to end before the process can. No
    thread can be ended from outside: what is given up goes on until it ends by itself.
    """

    def __init__(self, name: str, *, at_once: int, slow: float, most: int) -> None:
        self._name, self._at_once, self._slow, self._most = name, at_once, slow, most
        self._ready = threading.Condition()
        self._waiting: deque[_Call] = deque()
        self._running: dict[_Call, float] = {}
        """Since when, by time.monotonic."""
        self._threads = 0

    async def run(self, work: Callable[[], R], *, until: float | None = None) -> R:
        """What ``work`` returns or raises; it sees the caller's context. TimeoutError where it has not ended
        by ``until``, in the loop's time, NotBegun where it had not even begun."""
        ended: Future[R] = Future()
        call = _Call(partial(_do, partial(copy_context().run, work), ended))
        self._submit(call)
        try:
            async with asyncio.timeout_at(until):
                return await asyncio.wrap_future(ended)
        except TimeoutError as error:
            raise (NotBegun if ended.cancelled() else TimeoutError) from error
        finally:
            if ended.cancelled():
                self._withdraw(call)

    def _submit(self, call: "_Call") -> None:
        with self._ready:
            self._waiting.append(call)
            self._ready.notify()
        self._find_thread(call)

    def _find_thread(self, call: "_Call") -> None:
        """Have one for the call, now or once one that is busy turns out to be slow.

        A thread that is started takes whoever has waited longest, so the call may have to look again.
        """
        with self._ready:
            if call not in self._waiting or len(self._waiting) <= self._idle:
                return
            if has_room := self._has_room():
                self._threads += 1
            is_left = len(self._waiting) > self._idle
        if has_room:
            threading.Thread(target=self._serve, name=self._name, daemon=True).start()
        if is_left:
            asyncio.get_running_loop().call_later(self._slow, self._find_thread, call)

    @property
    def _idle(self) -> int:
        """Those that are about to start count."""
        return self._threads - len(self._running)

    def _has_room(self) -> bool:
        slow = monotonic() - self._slow
        quick = sum(began > slow for began in self._running.values())
        return self._idle + quick < self._at_once and self._threads < self._most

    def _withdraw(self, call: "_Call") -> None:
        with self._ready:
            if call in self._waiting:
                self._waiting.remove(call)

    def _serve(self) -> None:
        while (call := self._next()) is not None:
            call.run()
            with self._ready:
                del self._running[call]

    def _next(self) -> "_Call | None":
        """None where there are enough threads without this one."""
        with self._ready:
            while not self._waiting:
                if self._idle > self._at_once:
                    self._threads -= 1
                    return None
                self._ready.wait()
            call = self._waiting.popleft()
            self._running[call] = monotonic()
            return call


class _Call:
    """Equal to itself alone."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.run = run


def _do(work: Callable[[], R], ended: "Future[R]") -> None:
    """The work, unless its caller has gone away already."""
    if not ended.set_running_or_notify_cancel():
        return
    try:
        ended.set_result(work())
    except StopIteration as error:  # which no future takes
        ended.set_exception(RuntimeError(f"StopIteration: {error.value!r}"))
    except BaseException as error:  # noqa: BLE001 - it is the caller's
        ended.set_exception(error)
