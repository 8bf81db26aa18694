"""What a module imports, read from its syntax tree."""

import ast
from collections.abc import Iterator
from importlib.util import resolve_name

BY_NAME = ("import_module", "__import__")
"""Functions that import what a text names."""
ALL = "*"


def imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Dotted names, wherever in the module they are imported; of a ``from`` import each name in it, too,
    which may be a module or not. ``a.*`` is all that a holds. ``package``: where relative ones start."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                yield from _from(f"{'.' * level}{module or ''}", [one.name for one in names], package)
            case ast.Call(
                func=ast.Name(id=function) | ast.Attribute(attr=function),
                args=[ast.Constant(value=str(name)), *_],
            ) if function in BY_NAME:
                yield from _from(name, [], package)


def _from(module: str, names: list[str], package: str) -> Iterator[str]:
    try:
        base = resolve_name(module, package)
    except ImportError:  # more dots than packages: it fails where it is run
        return
    yield base
    yield from (f"{base}.{name}" for name in names)
