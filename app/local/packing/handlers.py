"""What can be said about an artifact's code without running it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from app.local.packing.contents import CODE, unfit

TAKES = {
    "model_fn": "model_dir",
    "input_fn": "body, content_type",
    "predict_fn": "data, model",
    "output_fn": "prediction, accept",
    "transform_fn": "model, body, content_type, accept",
}
"""The handlers of the SageMaker inference toolkit and their arguments; each may take a context besides."""


def check_handlers(path: Path) -> None:
    """Check the file code/inference.py; InvalidInput says what is missing, or where it cannot be read."""
    tree = _parsed(path)
    bound = set(_bound(tree))
    if "*" not in bound:  # whatever `from x import *` brings is seen only when it runs
        _check_complete(bound)
    for statement in tree.body:
        if isinstance(statement, ast.AsyncFunctionDef) and statement.name in TAKES:
            raise unfit(CODE, f"{statement.name} in line {statement.lineno} must be a plain def, not async")
        if isinstance(statement, ast.FunctionDef) and not statement.decorator_list:
            _check_arguments(statement)


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), CODE)
    except SyntaxError as error:
        raise unfit(CODE, f"line {error.lineno or 1} cannot be read by Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes; nested too deeply
        raise unfit(CODE, f"cannot be read by Python: {error or 'it is nested too deeply'}") from error


def _bound(tree: ast.Module) -> Iterator[str]:
    """The names that the module binds, be it under an ``if``; not those within its functions and classes."""
    pending: list[ast.AST] = [tree]
    while pending:
        match node := pending.pop():
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case _:
                pending += ast.iter_child_nodes(node)


def _check_complete(bound: set[str]) -> None:
    if "model_fn" not in bound:
        raise unfit(CODE, "defines no model_fn(model_dir), which loads the model")
    if "predict_fn" not in bound and "transform_fn" not in bound:
        raise unfit(
            CODE, "defines neither predict_fn(data, model) nor transform_fn, which does all steps in one"
        )


def _check_arguments(function: ast.FunctionDef) -> None:
    arguments = function.args
    if function.name not in TAKES or arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
        return  # of the others the toolkit counts what inspect.signature shows, which only a call tells
    wanted = TAKES[function.name]
    given, expected = len(arguments.posonlyargs) + len(arguments.args), wanted.count(",") + 1
    if given not in (expected, expected + 1):
        place = f"{function.name} in line {function.lineno} takes {given} arguments"
        raise unfit(CODE, f"{place}; it must take ({wanted}), and may take a context after them")
