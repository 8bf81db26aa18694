"""The house rules for `app` that no linter knows: one name for one thing, and everything stays short."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[1]
IN_EVERY_PLATFORM = "Options"
"""The registry asks each platform's package for it."""

TEXTS = {path.relative_to(ROOT): path.read_text() for path in sorted((ROOT / "app").rglob("*.py"))}
TREES = {path: ast.parse(text) for path, text in TEXTS.items()}


def test_no_two_classes_or_types_have_one_name() -> None:
    places = defaultdict(list)
    for path, tree in TREES.items():
        for name, line in types_of(tree):
            places[name].append(f"{path}:{line}")
    platforms = [Path(place).parts[:3] for place in places.pop(IN_EVERY_PLATFORM)]
    assert {parts[:2] for parts in platforms} == {("app", "backends")}
    assert len(set(platforms)) == len(platforms)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def types_of(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The classes, and whatever else a module names as a class is named."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name, node.lineno
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if name.lstrip("_")[:1].isupper() and not name.isupper():
                    yield name, statement.lineno


def test_files_are_short() -> None:
    lines = {path: len(text.splitlines()) for path, text in TEXTS.items() if text.strip()}
    assert {path: count for path, count in lines.items() if count > 250} == {}
    assert median(lines.values()) <= 90


def test_functions_are_short() -> None:
    lines = [length for tree in TREES.values() for length in function_lengths(tree)]
    assert median(lines) <= 8
    assert quantiles(lines, n=10)[-1] <= 20


def function_lengths(tree: ast.Module) -> Iterator[int]:
    """In lines, from the ``def`` to the end."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield node.end_lineno - node.lineno + 1


def test_folders_are_small() -> None:
    files = Counter(path.parent for path in TEXTS)
    assert {folder: count for folder, count in files.items() if count > 14} == {}
