"""The same calls in a process that has seen nothing else, with other hashes of texts and at another time."""

import contextlib
import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from unittest import mock

from pydantic import JsonValue

from app.services.use_case import UseCase, load
from tests.mine.calls import postprocessed, preprocessed

AHEAD = 3 * 366 * 86_400 + 12_345
"""Seconds that the clock is ahead: years, months, days, hours and minutes differ."""
FAR_AWAY = "FAR-14"
"""A time zone, for what goes by the local one in a way that the clock's change does not reach."""
ROWS, RESULTS = "rows", "results"
ELSEWHERE = (
    "in another process, years later (by hash(), the order of a set, the clock, or what earlier calls left?)"
)
"""How to say where it was made."""


def made_elsewhere(package: str | None, what: str, values: Sequence[JsonValue]) -> list[JsonValue]:
    """ROWS of stored inputs or RESULTS of outputs, each asked for alone. AssertionError says what failed.

    Where postprocess takes a context an output is a list of it and its stored input.
    """
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    done = subprocess.run(
        [sys.executable, "-m", "tests.mine.elsewhere", package or "", what],
        env=os.environ | {"PYTHONHASHSEED": seed, "TZ": FAR_AWAY, "PYTHONPATH": os.pathsep.join(sys.path)},
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"in a process of its own it fails:\n{done.stderr[-2000:]}"
    made: list[JsonValue] = json.loads(done.stdout)
    return made


def main(package: str, what: str) -> None:
    """Read the values from standard input, and print what they make, in their order."""
    use_case = load(package or None)
    values: list[JsonValue] = json.load(sys.stdin)
    items = [use_case.input_type.model_validate(value) for value in values] if what == ROWS else []
    with contextlib.redirect_stdout(sys.stderr), contextlib.ExitStack() as later:
        later.enter_context(mock.patch.dict(vars(time), _later_time()))
        for function in (use_case.preprocess, use_case.postprocess):
            names = vars(sys.modules[function.__module__])
            later.enter_context(mock.patch.dict(names, _later_names(names)))
        made = [preprocessed(use_case, [item])[0] for item in reversed(items)]
        if what == RESULTS:
            made = [postprocessed(use_case, [one])[0] for one in reversed(_outputs(use_case, values))]
    sys.stdout.write(json.dumps(made[::-1]))


def _outputs(use_case: UseCase, values: Sequence[JsonValue]) -> list[object]:
    if not use_case.reads_inputs_again:
        return [*values]
    pairs = [value for value in values if isinstance(value, list)]
    return [(output, use_case.input_type.model_validate(payload)) for output, payload in pairs]


class _AsBefore(type):
    """Dates that are made without these classes are of them, too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.__mro__[1])


class _LaterDate(datetime.date, metaclass=_AsBefore):
    @classmethod
    def today(cls) -> datetime.date:  # type: ignore[override]
        return datetime.date.fromtimestamp(time.time())


class _LaterDatetime(datetime.datetime, metaclass=_AsBefore):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
        return datetime.datetime.fromtimestamp(time.time(), tz)

    @classmethod
    def today(cls) -> datetime.datetime:  # type: ignore[override]
        return datetime.datetime.fromtimestamp(time.time())

    @classmethod
    def utcnow(cls) -> datetime.datetime:  # type: ignore[override]
        return datetime.datetime.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)


def _later_time() -> dict[str, object]:
    now, localtime, gmtime = time.time, time.localtime, time.gmtime
    return {
        "time": lambda: now() + AHEAD,
        "time_ns": lambda: int((now() + AHEAD) * 1e9),
        "localtime": lambda moment=None: localtime(now() + AHEAD if moment is None else moment),
        "gmtime": lambda moment=None: gmtime(now() + AHEAD if moment is None else moment),
    }


def _later_names(names: Mapping[str, object]) -> dict[str, object]:
    """What a module has imported of the clock, for later."""
    module = SimpleNamespace(**{**vars(datetime), "date": _LaterDate, "datetime": _LaterDatetime})
    later = {datetime.date: _LaterDate, datetime.datetime: _LaterDatetime}
    found: dict[str, object] = {}
    for name, value in names.items():
        if value is datetime:
            found[name] = module
        elif isinstance(value, type) and value in later:
            found[name] = later[value]
        elif getattr(value, "__module__", None) == "time" and name in vars(time):
            found[name] = getattr(time, name)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
