"""Docstrings of fields: what stands below each in its class.

Pydantic's ``use_attribute_docstrings`` reads the source of every class when it is imported, some 5 ms each,
for what only the OpenAPI document and tests of the documentation ask for.
"""

import ast
import inspect
import textwrap
from itertools import pairwise


def field_docstrings(*classes: type) -> dict[str, str]:
    """By the fields' names; of a field that is in several classes the last one's counts."""
    return {name: text for one in classes for name, text in _of(one).items()}


def _of(one: type) -> dict[str, str]:
    [defined] = ast.parse(textwrap.dedent(inspect.getsource(one))).body
    assert isinstance(defined, ast.ClassDef)
    found = dict[str, str]()
    for statement, following in pairwise(defined.body):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = inspect.cleandoc(text)
    return found
