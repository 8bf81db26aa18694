"""Importing an artifact's code/inference.py so that two artifacts never see each other's modules."""

import importlib.util
import itertools
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

_PREFIX = "local_endpoint_model_"
_one_at_a_time = threading.Lock()
_numbers = itertools.count(1)


@contextmanager
def imported(code: Path) -> Iterator[ModuleType | None]:
    """The artifact's ``inference`` module under a name of its own, or None where it has none.

    Within the block the modules beside it can be imported by name, as in a process of its own. Afterwards
    they are forgotten, so that another artifact finds its own; hence one artifact loads at a time, and an
    import of a sibling has to happen by the end of ``model_fn``.
    """
    with _one_at_a_time:
        sys.path.insert(0, str(code))
        try:
            yield _inference(code / "inference.py")
        finally:
            sys.path.remove(str(code))
            known = [*sys.modules.items()]  # at once: another thread may be importing
            for name in [name for name, module in known if _is_sibling(name, module, code)]:
                del sys.modules[name]


def forget(module: ModuleType | None) -> None:
    """Let the artifact's module go."""
    if module is not None:
        sys.modules.pop(module.__name__, None)


def _inference(path: Path) -> ModuleType | None:
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"{_PREFIX}{next(_numbers)}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickle look their module up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        forget(module)
        raise
    return module


def _is_sibling(name: str, module: ModuleType, code: Path) -> bool:
    source = getattr(module, "__file__", None)
    return bool(source) and not name.startswith(_PREFIX) and Path(str(source)).is_relative_to(code)
