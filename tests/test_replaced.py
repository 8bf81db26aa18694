"""The four files replaced by another use case's, in a copy of the project: its own tests stay green.

Here a part of them; ``make test-replaced`` runs all of `make check`, `make test` and the demo in such a copy.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.copies import copy_of_the_project, replace_the_four_files, run
from tests.support.scaffold import USER_FILES

BIN = Path(sys.executable).parent
QUICK = (
    *("tests/services/test_use_case.py", "tests/services/test_pipeline.py", "tests/examples/test_transit.py"),
    *("tests/services/records/test_records.py", "tests/services/evaluations/test_judging.py"),
)
"""Of the tests that would notice what the four files hold those that take seconds."""


@pytest.mark.parametrize("files", ["churn", USER_FILES], ids=["churn", "another"])
def test_the_suite_is_green_with_any_four_files(tmp_path: Path, files: str | Mapping[str, str]) -> None:
    tree = copy_of_the_project(tmp_path)
    replace_the_four_files(tree, files)
    assert " 0 broken" in run(tree, [str(BIN / "lint-imports")])
    said = run(tree, [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *QUICK])
    assert "passed" in said
