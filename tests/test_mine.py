"""``make test-mine`` reads a sample as ``records import`` does, with the same options."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from examples.churn.make_customers import CSV
from tests.support.artifacts import write_artifact
from tests.support.demo import ROOT

NAMED = ("--id-column", "customer_no", "--label-column", "outcome", "--rename", "fee=monthly_fee")


def judge(sample: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "mine", "tests/mine"]
    command += ["--package", "examples.churn", "--sample", str(sample), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_file_as_people_have_it(tmp_path: Path) -> None:
    header, *lines = CSV.read_text().replace(",", ";").splitlines()[:500]
    sample = tmp_path / "customers.csv"
    # The last column has the name of the folder of these tests, which pytest's own --ignore would leave out.
    sample.write_text("\n".join([f"{header};tests", *(f"{line};1" for line in lines)]))
    done = judge(sample, *NAMED, "--delimiter", ";", "--ignore", "tests")
    assert done.returncode == 0, done.stdout
    assert " passed, 4 skipped" in done.stdout  # those that need a model


def test_what_is_wrong_with_the_file_is_said_once() -> None:
    said = judge(CSV)
    assert said.returncode != 0
    both = said.stdout + said.stderr
    assert both.count("line 1: monthly_fee is missing; is it --rename fee=monthly_fee?") == 1
    assert "Traceback" not in both


def test_lines_that_do_not_fit_are_named_as_the_import_names_them(tmp_path: Path) -> None:
    header, first, second, *_ = CSV.read_text().splitlines()
    sample = tmp_path / "customers.csv"
    sample.write_text(
        "\n".join([header, first.replace("basic", "gold"), second.replace("stayed", "who knows")])
    )
    said = judge(sample, *NAMED)
    both = said.stdout + said.stderr
    assert said.returncode != 0
    assert both.count("line 2: plan: Input should be 'basic', 'plus' or 'pro'") == 1
    assert both.count("line 3: outcome: Input should be 'left' or 'stayed'") == 1
    assert "Traceback" not in both


def test_files_that_cannot_be_used_are_said_once(tmp_path: Path) -> None:
    said = judge(CSV, "--package", "examples.blank")
    both = said.stdout + said.stderr
    assert said.returncode != 0
    assert (
        both.count("examples.blank.preprocess.FEATURES: is empty: name the columns of a row, in order") == 1
    )
    assert "Traceback" not in both


def test_options_that_the_format_has_not(tmp_path: Path) -> None:
    (tmp_path / "customers.ndjson").write_text("")
    said = judge(tmp_path / "customers.ndjson", *NAMED)
    assert said.returncode != 0
    assert "--id-column: is for the columns of a CSV" in said.stdout + said.stderr


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Enough for the metrics, and quickly judged."""
    sample = tmp_path / "few.csv"
    sample.write_text("\n".join(CSV.read_text().splitlines()[:101]))
    return sample


def test_a_model_or_features_that_are_not_there_are_said_once(tmp_path: Path, few: Path) -> None:
    model = write_artifact(tmp_path / "m.tar.gz")
    for options, said in (
        (("--artifact", str(tmp_path / "gone.tar.gz")), "No such file or directory: '"),
        (
            ("--artifact", str(model), "--features", "tenure_months,fee"),
            "takes fee, which preprocess.FEATURES lacks",
        ),
    ):
        done = judge(few, *NAMED, *options)
        both = done.stdout + done.stderr
        assert done.returncode == 1
        assert both.count(said) == 1
        assert "Traceback" not in both


def test_a_model_that_refuses_the_rows_is_one_failure(tmp_path: Path, few: Path) -> None:
    code = "def model_fn(folder): return 1\ndef predict_fn(rows, model): raise ValueError('no such thing')\n"
    done = judge(few, *NAMED, "--artifact", str(write_artifact(tmp_path / "m.tar.gz", code)))
    assert "1 failed, 8 passed, 3 skipped" in done.stdout
    assert "AssertionError: 100 of 100 rows failed: " in done.stdout


def test_what_preprocess_returned_is_told(tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples/churn", tmp_path / "careless")
    code = "FEATURES = ('tenure_months',)\ndef preprocess(items):\n    pass\n"
    (tmp_path / "careless/preprocess.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = judge(few, *NAMED, "--package", "careless")
    lines = [line for line in done.stdout.splitlines() if line.startswith("E ")]
    assert len([line for line in lines if "preprocess returned None; expected is a list of" in line]) == 2


def test_functions_that_take_a_context_are_given_the_version_that_is_named(
    tmp_path: Path, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "examples/churn", tmp_path / "seeing")
    for file, given in (("preprocess", "items"), ("postprocess", "outputs")):
        code = (tmp_path / f"seeing/{file}.py").read_text().replace("examples.churn", "seeing")
        code = re.sub(rf"def {file}\({given}: .*\) ->", f"def {file}({given}, context) ->", code)
        told = "(context.model, context.version, len(context.inputs))"
        check = f"    assert {told} == ('churn', '7', len({given}))\n"
        (tmp_path / f"seeing/{file}.py").write_text(code.replace("    return [", f"{check}    return [", 1))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code = "def model_fn(folder): return 1\ndef predict_fn(rows, model): return [[0.5] for _ in rows]\n"
    model = write_artifact(tmp_path / "m.tar.gz", code)
    options = (*NAMED, "--package", "seeing", "--artifact", str(model))
    assert "12 passed" in judge(few, *options, "--model-version", "churn/7").stdout
    assert "AssertionError" in judge(few, *options).stdout
