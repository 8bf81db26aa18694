"""What a module imports, read from its syntax tree."""

import ast
from collections.abc import Iterable, Iterator
from importlib.util import resolve_name

BY_NAME = ("import_module", "__import__")
"""Functions that import what a text names."""
ALL = "*"


def imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Dotted names, wherever in the module they are imported; of a ``from`` import each name in it, too,
    which may be a module or not. ``a.*`` is all that a holds. ``package``: where relative ones start."""
    nodes = [*ast.walk(tree)]
    by_name = {*BY_NAME, *_aliases(nodes)}
    for node in nodes:
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                yield from _from(f"{'.' * level}{module or ''}", [one.name for one in names], package)
            case ast.Call(func=ast.Name(id=function) | ast.Attribute(attr=function)) if function in by_name:
                yield from _by_name(node, package)


def _aliases(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Other names that the module gives to import_module."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "importlib":
            yield from (one.asname for one in node.names if one.name in BY_NAME and one.asname)


def _by_name(call: ast.Call, package: str) -> Iterator[str]:
    given = dict(zip(("name", "package"), call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    match given.get("name"), given.get("package"):
        case ast.Constant(value=str(name)), ast.Constant(value=str(base)):
            yield from _from(name, [], base)
        case ast.Constant(value=str(name)), _:
            yield from _from(name, [], package)


def _from(module: str, names: list[str], package: str) -> Iterator[str]:
    try:
        base = resolve_name(module, package)
    except ImportError:  # more dots than packages: it fails where it is run
        return
    yield base
    yield from (f"{base}.{name}" for name in names)
