"""The files beside the code that decide a prediction: a module of the user's lists them as ``DATA_FILES``."""

import ast
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path

from app.core.errors import FieldError, Misconfigured

DATA_FILES = "DATA_FILES"
WRITTEN_OUT = 'must be a tuple of texts, written out: ("encoder.json",)'


def data_files(module: str, tree: ast.Module, file: Path) -> Mapping[str, str]:
    """Digests of what the module in ``file`` lists, by the module's name and its path from there.

    Misconfigured names what cannot be read. Of a module that is not imported yet, which takes long, the list
    is read and not run: there it has to be written out.
    """
    loaded = getattr(sys.modules.get(module), DATA_FILES, None)
    paths = _checked(module, loaded) if loaded is not None else _written(module, tree)
    return {f"{module}: {path}": _digest(module, file.parent, path) for path in paths}


def _written(module: str, tree: ast.Module) -> list[str]:
    listed = [value for node in tree.body if (value := _listed(node)) is not None]
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == DATA_FILES]
    if sum(isinstance(node.ctx, ast.Store) for node in names) > len(listed):
        raise _misfit(module, WRITTEN_OUT)
    return [path for value in listed for path in _paths(module, value)]


def _listed(node: ast.stmt) -> ast.expr | None:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == DATA_FILES:
            return value
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if name == DATA_FILES:
            return value
    return None


def _paths(module: str, value: ast.expr) -> list[str]:
    try:
        paths: object = ast.literal_eval(value)
    except ValueError:
        paths = None
    return _checked(module, paths)


def _checked(module: str, paths: object) -> list[str]:
    if not isinstance(paths, tuple | list) or not all(isinstance(path, str) for path in paths):
        raise _misfit(module, WRITTEN_OUT)
    return [*map(str, paths)]


def _digest(module: str, folder: Path, path: str) -> str:
    try:
        with (folder / path).open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()[:16]
    except (OSError, ValueError) as error:  # a NUL is no OSError
        reason = error.strerror if isinstance(error, OSError) else "no path"
        where = "paths start at the folder of the module"
        raise _misfit(module, f"{path!r} cannot be read ({reason}); {where}") from error


def _misfit(module: str, message: str) -> Misconfigured:
    fault = FieldError(f"{module}.{DATA_FILES}", message)
    return Misconfigured("The use case cannot be used.", errors=[fault])
