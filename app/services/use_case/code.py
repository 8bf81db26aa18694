"""What decides a prediction, beside input and model: fingerprints of the code, its data and its libraries.

The rule, as docs/your-own-model.md has it: of ``input_object``, ``preprocess`` and ``postprocess`` every
module that they reach by import and that is neither Python's nor installed, without comments and formatting;
the files that those modules list as ``DATA_FILES``; the versions of the libraries that they import; and
Python's, since a new one may compute another result (3.12's ``sum`` of floats is more exact than 3.11's). No
path, platform or order of hashing counts, so that all processes with the same code agree.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pkgutil import iter_modules

from app.services.use_case.data_files import data_files
from app.services.use_case.imports import ALL, imported
from app.services.use_case.libraries import version
from app.services.use_case.places import ModulePlace, places


@dataclass(frozen=True)
class StageCode:
    """What a stage is made of: digests of modules and of data files, and what its libraries are, by name."""

    modules: Mapping[str, str]
    data_files: Mapping[str, str]
    libraries: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        """16 hex digits."""
        return digest(json.dumps([dict(self.modules), dict(self.data_files), dict(self.libraries)]))


@dataclass(frozen=True)
class _Module:
    digest: str
    imports: frozenset[str] = frozenset()
    data_files: Mapping[str, str] = field(default_factory=dict)


def stages_of(modules: Mapping[str, str]) -> dict[str, StageCode]:
    """The code of each stage, given the module that it is defined in.

    Misconfigured names a data file that cannot be read.
    """
    known: dict[str, _Module] = {}
    return {stage: _StageWalk(known, module).reach() for stage, module in modules.items()}


def digest(content: str | bytes) -> str:
    """16 hex digits."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()[:16]


class _StageWalk:
    """From a module to all that it reaches; ``known`` is what was read for other stages."""

    def __init__(self, known: dict[str, _Module], start: str) -> None:
        self._known, self._start = known, start
        self._ours = start.partition(".")[0]
        self._modules: dict[str, _Module] = {}
        self._libraries = {"Python": "Python {}.{}".format(*sys.version_info[:2])}

    def reach(self) -> StageCode:
        waiting, seen = [self._start], {self._start}
        while waiting:
            more = {*self._visit(waiting.pop())} - seen
            waiting += more
            seen |= more
        modules = dict(sorted(self._modules.items()))
        data = {name: found for module in modules.values() for name, found in module.data_files.items()}
        digests = {name: module.digest for name, module in modules.items()}
        return StageCode(digests, dict(sorted(data.items())), dict(sorted(self._libraries.items())))

    def _visit(self, name: str) -> Iterator[str]:
        """Take in what importing the name runs; what that imports in its turn."""
        top, found = name.partition(".")[0], list(places(name, self._ours))
        for place in found:
            if place.owner == "project":
                yield from self._module(place).imports
            elif place.owner == "library":
                self._libraries[top] = version(top)
        if not found:
            self._libraries[top] = f"{top} (not installed)"
        elif name == f"{found[-1].name}.{ALL}":  # what a package's __all__ names is imported, too
            yield from (f"{found[-1].name}.{one.name}" for one in iter_modules(found[-1].folders))

    def _module(self, place: ModulePlace) -> _Module:
        if place.name not in self._known:
            self._known[place.name] = _read(place)
        self._modules[place.name] = self._known[place.name]
        return self._modules[place.name]


def _read(place: ModulePlace) -> _Module:
    """What is no source of Python, such as a compiled module, counts by its bytes."""
    content = place.file.read_bytes() if place.file else b""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return _Module(digest(content))
    names = frozenset(imported(tree, place.package))
    listed = data_files(place.name, tree, place.file) if place.file else {}
    return _Module(digest(ast.unparse(tree)), names, listed)
