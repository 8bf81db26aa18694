"""Where modules are, and whose they are. Nothing is imported to find out."""

import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Literal, TypeAlias

Owner: TypeAlias = Literal["project", "library", "python"]

LIBRARIES = {"site-packages", "dist-packages"}
"""Folders that hold what is installed."""


@dataclass(frozen=True)
class ModulePlace:
    """A module: its file, None of a folder without ``__init__.py``; a package's folders; and whose it is."""

    name: str
    file: Path | None
    folders: tuple[str, ...] | None
    owner: Owner

    @property
    def package(self) -> str:
        """What relative imports in it start from."""
        return self.name if self.folders is not None else self.name.rpartition(".")[0]


def places(name: str, ours: str) -> Iterator[ModulePlace]:
    """A dotted name's packages from the outermost in, then itself: importing it runs them all.

    It ends early at what there is not, such as an attribute, and below what is not the project's. The package
    ``ours`` is the project's even if it is installed: its code may change while its version stays.
    """
    folders: tuple[str, ...] | None = None
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        place = _place(".".join(parts[:end]), folders, is_ours=parts[0] == ours)
        if place is None:
            return
        yield place
        if place.owner != "project" or place.folders is None:
            return
        folders = place.folders


def _place(name: str, folders: Sequence[str] | None, *, is_ours: bool) -> ModulePlace | None:
    spec = _spec_of(name.rpartition(".")[2], folders)
    if spec is None:
        return None
    inside = spec.submodule_search_locations
    file = Path(spec.origin) if spec.has_location and spec.origin else None
    within = None if inside is None else tuple(inside)
    return ModulePlace(name, file, within, "project" if is_ours else _owner(file, within or ()))


def _spec_of(name: str, folders: Sequence[str] | None) -> ModuleSpec | None:
    """As an import finds it; inside a package by the last part of its name, which needs no parent."""
    if folders is not None:
        return PathFinder.find_spec(name, folders)
    return next((spec for finder in sys.meta_path if (spec := finder.find_spec(name, None))), None)


def _owner(file: Path | None, folders: Sequence[str]) -> Owner:
    """Of a folder that several share it is the project if one of them is the project's."""
    owners = {_owner_of(path) for path in ([file] if file else map(Path, folders))}
    return next((one for one in ("project", "library") if one in owners), "python")


def _owner_of(path: Path) -> Owner:
    if not LIBRARIES.isdisjoint(path.parts):
        return "library"
    return "python" if any(path.is_relative_to(folder) for folder in _python()) else "project"


@cache
def _python() -> list[str]:
    """The folders of Python's own library."""
    return [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
