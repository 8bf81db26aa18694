"""What of a user's code is part of the key: whatever it reaches by import, wherever it stands."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from app.core.errors import Misconfigured
from app.services.use_case import libraries
from app.services.use_case.code import StageCode, stages_of
from tests.services.use_case.conftest import Write

FILE = "mine/preprocess.py"


def found() -> StageCode:
    return stages_of({"preprocess": "mine.preprocess"})["preprocess"]


@pytest.mark.parametrize(
    ("imports", "helper"),
    [
        ("import pricing", "pricing.py"),
        ("import pricing.rates as r", "pricing/rates.py"),
        ("import pricing.rates.eu", "pricing/rates/__init__.py"),
        ("from pricing import rates", "pricing/rates.py"),
        ("from pricing import rates as r, fees", "pricing/fees.py"),
        ("from pricing.rates import EU", "pricing/rates.py"),
        ("from pricing.deep.nested import f", "pricing/deep/nested.py"),
        ("from pricing import *", "pricing/rates.py"),
        ("from . import rates", "mine/rates.py"),
        ("from .rates import EU", "mine/rates.py"),
        ("from .sub import rates", "mine/sub/rates.py"),
        ("def f():\n    from pricing.rates import EU", "pricing/rates.py"),
        ("class A:\n    def f(self):\n        import pricing.rates", "pricing/rates.py"),
        ("try:\n    import pricing\nexcept ImportError:\n    pass", "pricing.py"),
        ("import importlib\nr = importlib.import_module('pricing.rates')", "pricing/rates.py"),
        ("from importlib import import_module\nr = import_module('.rates', 'mine')", "mine/rates.py"),
        ("r = __import__('pricing.rates')", "pricing/rates.py"),
        ("import mine.postprocess", "mine/postprocess.py"),
    ],
)
def test_a_module_that_is_imported_counts(write: Write, imports: str, helper: str) -> None:
    write({FILE: imports, helper: "EU = 1"})
    before = found().fingerprint
    write({helper: "EU = 2"})
    assert found().fingerprint != before
    write({helper: "# why\nEU  =  1\n"})
    assert found().fingerprint == before


PRICING = {
    FILE: "from pricing import EU",
    "pricing/__init__.py": "from .eu import EU",  # re-exported
    "pricing/eu.py": "from pricing.base import rate",
    "pricing/base/__init__.py": "from ..eu import EU\nfrom .table import rate",
    "pricing/base/table.py": "rate = 1",
    "pricing/unused.py": "x = 1",
    "unused.py": "x = 1",
}


def test_what_a_helper_imports_counts_and_circles_end(write: Write) -> None:
    write(PRICING)
    before = found()
    reached = ["pricing", "pricing.base", "pricing.base.table", "pricing.eu"]
    assert [*before.modules] == ["mine", "mine.preprocess", *reached]
    write({"pricing/base/table.py": "rate = 2"})
    assert found().fingerprint != before.fingerprint


def test_what_is_not_imported_does_not_count(write: Write) -> None:
    write(PRICING)
    before = found()
    write({"pricing/unused.py": "x = 2", "unused.py": "x = 2", "mine/evaluation.py": "x = 2"})
    assert found() == before


def test_nothing_is_imported_to_find_it(write: Write) -> None:
    write(
        {"mine/__init__.py": "1 / 0", FILE: "def f():\n    import helper.rates", "helper/rates.py": "1 / 0"}
    )
    assert [*found().modules] == ["helper", "helper.rates", "mine", "mine.preprocess"]
    assert sys.modules.keys().isdisjoint({"mine", "helper"})


def test_a_package_of_ones_own_counts_where_it_is_installed(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a library beside it by its version only."""
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    installed = f"site-packages/{FILE}"
    write({installed: "import other\nfrom .rates import EU", "site-packages/mine/rates.py": "EU = 1"})
    write({"site-packages/other.py": "EU = 1"})
    before = found()
    assert (before.libraries["other"], [*before.modules]) == (
        "other of no known version",
        ["mine", "mine.preprocess", "mine.rates"],
    )
    write({"site-packages/mine/rates.py": "EU = 2"})
    assert found().fingerprint != before.fingerprint


@pytest.mark.parametrize("text", ["def f(:", "x = 1\0"])
def test_what_is_no_python_counts_by_its_bytes(write: Write, text: str) -> None:
    write({FILE: "def f():\n    import broken", "broken.py": text})
    before = found().fingerprint
    write({"broken.py": f"{text} "})
    assert found().fingerprint != before


def test_versions_of_imported_libraries_count_and_no_others(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({FILE: "import json, nothing_like_it, numpy.linalg\nfrom sklearn import metrics"})
    before = found()
    assert before.libraries == {
        "Python": "Python {}.{}".format(*sys.version_info[:2]),
        "nothing_like_it": "nothing_like_it (not installed)",
        "numpy": f"numpy {metadata.version('numpy')}",
        "sklearn": f"scikit-learn {metadata.version('scikit-learn')}",
    }
    monkeypatch.setattr(metadata, "version", lambda name: "0")
    libraries.version.cache_clear()
    after = found()
    libraries.version.cache_clear()
    assert after.fingerprint != before.fingerprint


LISTING = {
    FILE: 'import helper\nDATA_FILES: tuple[str, ...] = ("encoder.json", "../shared/rates.csv")',
    "helper.py": "DATA_FILES = ['helper.bin']",
    "mine/encoder.json": "{}",
    "shared/rates.csv": "a",
    "helper.bin": "1",
}


@pytest.mark.parametrize("path", ["mine/encoder.json", "shared/rates.csv", "helper.bin"])
def test_a_listed_data_file_counts(write: Write, path: str) -> None:
    write(LISTING)
    before = found().fingerprint
    write({"mine/other.json": "{}"})
    assert found().fingerprint == before
    write({path: "{} "})
    assert found().fingerprint != before


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ("('none.json',)", "'none.json' cannot be read (No such file or directory); paths start at"),
        ("('folder',)", "'folder' cannot be read (Is a directory)"),
        ("('a\\0b',)", "cannot be read (no path)"),
        ("'encoder.json'", "must be a tuple of texts, written out"),
        ("(1,)", "must be a tuple of texts, written out"),
        ("tuple(sorted(FILES))", "must be a tuple of texts, written out"),
    ],
)
def test_a_data_file_that_cannot_be_read_is_named(write: Write, listed: str, said: str) -> None:
    write({FILE: f"DATA_FILES = {listed}", "mine/folder/x.json": ""})
    with pytest.raises(Misconfigured) as caught:
        found()
    [fault] = caught.value.errors
    assert fault.field == "mine.preprocess.DATA_FILES"
    assert said in fault.message


SHOW = """
from app.services.use_case.code import stages_of
print(stages_of({"preprocess": "mine.preprocess"})["preprocess"].fingerprint)
"""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_processes_elsewhere_agree(write: Write, tmp_path: Path, seed: str) -> None:
    names = [f"m{number}" for number in range(20)]
    write(PRICING | {"mine/more.py": ""} | {f"{name}.py": "" for name in names})
    write({FILE: f"from pricing import EU\nimport numpy, pydantic, {', '.join(names)}"})
    there = tmp_path.rename(tmp_path.with_name(f"elsewhere-{seed}"))
    path = os.pathsep.join([str(there), str(Path(__file__).parents[3])])
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    there.rename(tmp_path)
    assert done.stdout.strip() == found().fingerprint
