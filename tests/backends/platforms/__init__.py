"""How each platform speaks, for the conformance suite: a module for each backend, named like it.

Each has a ``PLATFORM``. The model behind all of them takes two features and answers ``10 * a + b``.
"""

import importlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from pydantic import JsonValue

from app.backends.registry import BACKENDS
from app.core.errors import BackendError
from tests.support.http_stub import Answer, Request

FEATURES = ("a", "b")


@dataclass(frozen=True)
class OwnError:
    """An error in the platform's own words, and what it has to become. Its body should hold SECRET."""

    answer: Answer
    expected: type[BackendError]


SECRET = "/opt/secret/model.py"
"""Stands in error bodies for what must not reach a caller: paths, stack traces, accounts."""


class Platform(Protocol):
    """A platform of any kind. ``folder`` is empty and the test's own."""

    def options(self, url: str, folder: Path) -> dict[str, JsonValue]:
        """Options that work with the stand-in at ``url`` (or with what was written into ``folder``)."""
        ...

    def environment(self, url: str, folder: Path) -> Mapping[str, str]:
        """What the credentials are read from."""
        ...


class Remote(Platform, Protocol):
    """A platform that is called over HTTP.

    ``address`` is the option that holds its address, ``named`` the one that names the model; ``revision`` is
    what answers after ``reply``, as the Reply tells it alone or with a look; ``deployed`` is what a look
    finds. ``secrets`` are the values that may appear nowhere; a backend without any has none, and no
    environment. ``renews`` where a 401 is met with a new token; each token that ``other`` gives out must then
    differ from the last.
    """

    address: ClassVar[str]
    named: ClassVar[str]
    https_only: ClassVar[bool]
    renews: ClassVar[bool]
    secrets: ClassVar[tuple[str, ...]]
    revision: ClassVar[str | None]
    deployed: ClassVar[str | None]

    def other(self, request: Request) -> Answer | None:
        """The answer to what is no prediction (a token, a probe); None if it is one."""
        ...

    def rows(self, request: Request) -> Sequence[Sequence[JsonValue]]:
        """The rows that a prediction's request carries."""
        ...

    def reply(self, outputs: Sequence[JsonValue]) -> Answer:
        """A good answer."""
        ...

    def unknown(self, request: Request) -> Answer | None:
        """Its answer where it has nothing of the name in the option ``named``, with SECRET in the body; None
        where that changes nothing (a token, say)."""
        ...

    def throttled(self) -> Answer:
        """The platform's answer when there is too much, with ``Retry-After: 7`` where it may send one."""
        ...

    def unauthorised(self) -> Answer:
        """Its answer to a wrong or expired token."""
        ...

    def own_errors(self) -> Mapping[str, OwnError]:
        """Its other errors; among them a proxy's 404, where it is told from the platform's own."""
        ...


def platform(name: str) -> Platform:
    found: Platform = importlib.import_module(f"{__name__}.{name}").PLATFORM
    return found


IN_PROCESS = {"coreml"}
NAMES = os.environ["PLATFORMS"].split(",") if "PLATFORMS" in os.environ else sorted(BACKENDS)
REMOTE_NAMES = [name for name in NAMES if name not in IN_PROCESS]


def remote(name: str) -> Remote:
    found: Remote = importlib.import_module(f"{__name__}.{name}").PLATFORM
    return found
