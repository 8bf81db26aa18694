"""Calls of a user's two functions, and what is wrong with what they return: AssertionErrors say it."""

import copy
import hashlib
import inspect
import json
import os
import random
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar, cast

from pydantic import BaseModel, JsonValue

from app.core import strict_json
from app.core.errors import InvalidInput
from app.schemas.hosting.deployments import Deployment
from app.schemas.payloads import Payload
from app.services.use_case import UseCase

T = TypeVar("T")
Call: TypeAlias = Callable[[Sequence[T]], list[JsonValue]]
SHOWN = 300
"""Characters of a value in a message."""
MODEL_VERSION = "MODEL_VERSION"
"""The environment variable that names what a context is about, as MODEL/VERSION, for other processes, too."""


def deployment(use_case: UseCase) -> Deployment:
    """The version that a context names."""
    model, _, version = os.environ.get(MODEL_VERSION, "mine/1").partition("/")
    return Deployment(1, model, version, "sagemaker", {}, use_case.features)


def preprocessed(use_case: UseCase, items: Sequence[BaseModel]) -> list[JsonValue]:
    """The rows of the items, of the right length and of what a cell can be; what a payload is known by."""
    rows = _called("preprocess", "row", use_case.preprocessing(deployment(use_case)), items)
    return [_row(use_case.features, item, row) for item, row in zip(items, rows, strict=True)]


def postprocessed(use_case: UseCase, outputs: Sequence[object]) -> list[JsonValue]:
    """The results of the outputs, each of JSON; an output comes with its input if there is a context."""
    function: Callable[[Sequence[object]], object] = use_case.postprocess
    if use_case.reads_inputs_again:
        with_context = use_case.postprocessing(deployment(use_case))
        function = cast(Callable[[Sequence[object]], object], with_context)
    results = _called("postprocess", "result", function, outputs)
    for output, result in zip(outputs, results, strict=True):
        fault = _fault(result)
        assert fault is None, f"postprocess makes {shown(result)} of {shown(output)}: {fault}"
    return results


def check_independence(call: Call[T], values: Sequence[T], singly: int) -> list[JsonValue]:
    """That each value makes the same, alone, twice and among any others; what the first ``singly`` make."""
    few = values[:singly]
    alone = [call([value])[0] for value in few]
    together = call(values)
    check_same(few, alone, together, "among others")
    check_same(values, together, call(values), "the second time")
    order = [*range(len(values)), *range(len(few))]
    random.Random(7).shuffle(order)
    mixed = call([values[place] for place in order])
    for place, made in zip(order, mixed, strict=True):
        check_same([values[place]], [together[place]], [made], "in another order, with some values twice")
    return alone


def check_same(
    values: Sequence[object], one: Sequence[JsonValue], other: Sequence[JsonValue], when: str
) -> None:
    """That both hold the same for each value, up to the shorter one's end."""
    for value, first, second in zip(values, one, other, strict=False):
        same = json.dumps(first) == json.dumps(second)  # by type, too
        assert same, f"{shown(value)} makes {shown(first)}, and {when} {shown(second)}"


def shown(value: object) -> str:
    """The value in a message."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _called(
    name: str, part: str, function: Callable[[Sequence[T]], object], values: Sequence[T]
) -> list[JsonValue]:
    given = copy.deepcopy(list(values))
    returned = function(given)
    expected = f"expected is a list of {len(values)}, one {part} for each value, in their order"
    found = _listed(returned)
    assert found is not None, f"{name} returned {_in_words(returned)}; {expected}"
    assert len(found) == len(values), f"{name} returned {len(found)} {part}s; {expected}"
    assert given == list(values), f"{name} changes what it is given, which others read after it"
    return found


def _listed(value: object) -> list[JsonValue] | None:
    """What a list or a tuple holds, to be checked; None for anything else, a text too."""
    return list(value) if isinstance(value, list | tuple) else None


def _in_words(returned: object) -> str:
    if inspect.iscoroutine(returned):
        returned.close()
        return "a coroutine: it must be a plain def, not async"
    if inspect.isgenerator(returned):
        return "a generator: it must return, not yield"
    return "None" if returned is None else f"a {type(returned).__name__}: {shown(returned)}"


def _row(features: Sequence[str], item: BaseModel, row: object) -> list[JsonValue]:
    of = f"preprocess makes {shown(row)} of {shown(item)}"
    if isinstance(row, Payload):
        fault = row.fault()
        assert fault is None, f"{of}: {fault}"
        return [row.content_type, len(row.content), hashlib.sha256(row.content).hexdigest()]
    cells = _listed(row)
    assert cells is not None, f"{of}: a row is a list of cells, and this is a {type(row).__name__}"
    assert len(cells) == len(features), f"{of}: {len(cells)} cells for {len(features)} FEATURES {features}"
    for name, cell in zip(features, cells, strict=True):
        fault = _cell_fault(cell)
        assert fault is None, f"{of}: the feature {name!r} {fault}"
    return cells


def _cell_fault(cell: object) -> str | None:
    if isinstance(cell, str | bool | int | float) or cell is None:
        return _fault(cell)
    return f"is a {type(cell).__name__}; a cell is a number, a text, true, false or None of Python's own"


def _fault(value: object, path: str = "") -> str | None:
    """What JSON cannot hold in a value, and where."""
    if isinstance(value, list):
        parts = {f"{path}[{place}]": part for place, part in enumerate(value)}
    elif isinstance(value, dict):
        if wrong := [key for key in value if not isinstance(key, str)]:
            return f"{path} has a key {wrong[0]!r}, and keys are texts".strip()
        parts = {f"{path}.{key}".lstrip("."): part for key, part in value.items()}
    elif isinstance(value, str | bool | int | float) or value is None:
        return _unfit(value)
    else:
        return f"{path} is a {type(value).__name__}, which JSON has not".strip()
    return next((fault for path, part in parts.items() if (fault := _fault(part, path))), None)


def _unfit(value: JsonValue) -> str | None:
    try:
        strict_json.check(value)
    except InvalidInput as error:
        return f"cannot be kept: {error.errors[0].message}"
    return None
