"""Looks that are asked for at the same time share one."""

import asyncio
from weakref import WeakValueDictionary

from app.backends.base import Look
from app.backends.sagemaker.looks.looking import look_together
from app.backends.sagemaker.options import Options

_Asked = list[tuple[Options, "asyncio.Future[Look]"]]


class SharedLook:
    """Looks at one place, one after the other. Who asks while one is under way gets the answers of the next,
    with all who wait for it: no answer is older than its question."""

    def __init__(self) -> None:
        self._waiting: _Asked = []
        self._looking: asyncio.Task[None] | None = None

    async def look(self, options: Options) -> Look:
        """What a look finds that begins from now on."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Look] = loop.create_future()
        self._waiting.append((options, found))
        if self._looking is None:
            self._looking = loop.create_task(self._look())
        return await found

    async def _look(self) -> None:
        asked: _Asked = []
        try:
            while self._waiting:
                asked, self._waiting = [each for each in self._waiting if not each[1].done()], []
                if asked:  # not all have given up
                    await _answer(asked)
        finally:
            self._looking = None
            for _, found in asked + self._waiting:
                found.cancel()  # which changes nothing where there is an answer


async def _answer(asked: _Asked) -> None:
    looking = look_together([options for options, _ in asked])
    (found,) = await asyncio.gather(looking, return_exceptions=True)
    for index, (_, answer) in enumerate(asked):
        if answer.done():  # whoever asked gave up
            continue
        if isinstance(found, BaseException):
            answer.set_exception(found)
        else:
            answer.set_result(found[index])


_places: WeakValueDictionary[str, SharedLook] = WeakValueDictionary()


def shared_look(options: Options) -> SharedLook:
    """That of all who hold one for the same place."""
    place = options.place()
    if (shared := _places.get(place)) is None:
        _places[place] = shared = SharedLook()
    return shared
