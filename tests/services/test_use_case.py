"""What the four files define, gathered: where it is found, and what is said of what does not fit."""

import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr, ValidationError, computed_field
from typing_extensions import TypeAliasType

from app.core.errors import Misconfigured
from app.core.settings import Settings
from app.services.use_case import FOUR_FILES, UseCase, as_it_is, load, loading
from tests.support.use_case import changed

FILES = {
    "input_object": """
from datetime import date
from pydantic import BaseModel, SecretStr, ValidationError, computed_field
from typing_extensions import TypeAliasType
class InputObject(BaseModel):
    text: str
    day: date
""",
    "preprocess": "FEATURES = ('a', 'b')\ndef preprocess(items): return [[1, 2] for _ in items]\n",
    "postprocess": "def postprocess(outputs): return list(outputs)\n",
    "evaluation": "LABEL = 'kind'\nLabel = str\n",
}


NamedTime = TypeAliasType("NamedTime", datetime)
INPUT = """
from pydantic import BaseModel, Field
class InputObject(BaseModel):
    {}
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A use case of one's own in a package `mine`."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, code in FILES.items():
        (folder / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    load.cache_clear()
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "mine"]:
        del sys.modules[name]
    load.cache_clear()


def test_what_evaluation_does_not_say_has_a_default(package: Path) -> None:
    mine = load("mine")
    assert (mine.features, mine.label, mine.label_type.validate_python("x")) == (("a", "b"), "kind", "x")
    assert (mine.task, mine.metrics, mine.slices, mine.time_field) == ("regression", (), {}, None)
    assert mine.judge("spam").value == "spam"
    assert mine.model_for is None
    with pytest.raises(ValueError, match="got list"):
        as_it_is([1.0])


@pytest.mark.usefixtures("package")
def test_the_default_is_the_four_files(monkeypatch: pytest.MonkeyPatch) -> None:
    places = ["schemas.input_object", "services.preprocess", "services.postprocess", "services.evaluation"]
    assert list(FOUR_FILES.values()) == [f"app.{place}" for place in places]
    monkeypatch.setattr(loading, "FOUR_FILES", {name: f"mine.{name}" for name in FOUR_FILES})
    assert load().input_type.__module__ == "mine.input_object"
    assert load("examples.transit").input_type.__module__ == "examples.transit.input_object"


@pytest.mark.parametrize("name", ["os; x", "../mine", "a..b", "1a"])
def test_only_a_dotted_name_is_imported(name: str) -> None:
    with pytest.raises(ValidationError, match="use_case"):
        Settings(database_url=SecretStr("postgresql://x"), use_case=name)


def test_an_empty_name_is_none() -> None:
    assert Settings(database_url=SecretStr("postgresql://x"), use_case="").use_case is None


@pytest.mark.parametrize(
    ("file", "code", "said"),
    [
        ("preprocess", "FEATURES = (", "mine.preprocess cannot be imported: SyntaxError"),
        ("preprocess", "import nothing_like_it", "mine.preprocess cannot be imported: ModuleNotFoundError"),
        ("evaluation", "1 / 0", "mine.evaluation cannot be imported: ZeroDivisionError: division by zero"),
    ],
)
def test_a_file_that_cannot_be_imported_is_named(package: Path, file: str, code: str, said: str) -> None:
    (package / f"{file}.py").write_text(code)
    with pytest.raises(Misconfigured) as caught:
        load("mine")
    assert caught.value.detail.startswith(said)


@pytest.mark.parametrize(
    ("file", "code", "field", "message"),
    [
        ("input_object", "class InputObject: pass", "input_object.InputObject", "subclass of BaseModel"),
        ("input_object", "x = 1", "input_object.InputObject", "Field required"),
        ("preprocess", "FEATURES = ()\npreprocess = list", "preprocess.FEATURES", "is empty"),
        ("preprocess", "FEATURES = 'abc'\npreprocess = list", "preprocess.FEATURES", "not a str"),
        ("preprocess", "FEATURES = {'a', 'b'}\npreprocess = list", "preprocess.FEATURES", "not a set"),
        ("preprocess", "FEATURES = ('a', 'a')\npreprocess = list", "preprocess.FEATURES", "names 'a' twice"),
        ("preprocess", "FEATURES = ('a',)", "preprocess.preprocess", "Field required"),
        ("postprocess", "postprocess = 3", "postprocess.postprocess", "should be callable"),
        ("evaluation", "Label = str", "evaluation.LABEL", "Field required"),
        ("evaluation", "LABEL = 'text'\nLabel = str", "evaluation.LABEL", "choose another"),
        ("evaluation", "LABEL = 'id'\nLabel = str", "evaluation.LABEL", "choose another"),
        ("evaluation", "LABEL = 'k'\nLabel = 7", "evaluation.Label", "a type that pydantic knows, not 7"),
        ("evaluation", "LABEL = 'k'\nLabel = str\nTASK = 'ranking'", "evaluation.TASK", "'regression'"),
        (
            *("evaluation", "LABEL = 'k'\nLabel = str\nTIME_FIELD = 'text'", "evaluation.TIME_FIELD"),
            "there is observed_at, day; None goes by none",
        ),
        ("evaluation", "LABEL = 'k'\nLabel = str\nSLICES = {'a': 1}", "evaluation.SLICES.a", "callable"),
        (
            *("evaluation", "LABEL = 'k'\nLabel = str\ndef model_for(item, x): ...", "evaluation.model_for"),
            "must take one argument, the input object: missing a required argument: 'x'",
        ),
        ("evaluation", "LABEL = 'k'\nLabel = str\nmodel_for = 'm'", "evaluation.model_for", "callable"),
        ("evaluation", "LABEL = 'k'\nLabel = 'Later'", "evaluation.Label", "a type that pydantic knows"),
        (
            "evaluation",
            "LABEL = 'k'\nLabel = str\nMETRICS = ('f1',)",
            "evaluation.METRICS",
            "no 'f1'; a regression",
        ),
        ("evaluation", "LABEL = 'k'\nLabel = str\nHEADLINE = ('mea',)", "evaluation.HEADLINE", "no 'mea'"),
        ("evaluation", "LABEL = 'k'\nLabel = float\nMETRICS = ('mae', 'mae')", "evaluation.METRICS", "twice"),
        (
            "evaluation",
            "LABEL = 'k'\nLabel = float\nPOSITIVE = 'x'",
            "evaluation.POSITIVE",
            "no value of Label",
        ),
        ("evaluation", "LABEL = 'k'\nLabel = str\nFEATURES = ('z',)\nTASK = 1", "evaluation.TASK", "binary"),
        (
            "input_object",
            "from pydantic import BaseModel as InputObject",
            "input_object.InputObject",
            "its own",
        ),
        ("input_object", INPUT.format("x: 'Later'"), "input_object.InputObject", "'Later' is not defined"),
        (
            "input_object",
            INPUT.format("x: float = Field(exclude=True)"),
            "input_object.InputObject.x",
            "exclude",
        ),
        (
            *("input_object", INPUT.format("x: float = Field(validation_alias='y')")),
            *("input_object.InputObject.x", "is stored as 'x', and not read by that name"),
        ),
        (
            *("input_object", INPUT.format("x: float = Field(serialization_alias='y')")),
            *("input_object.InputObject.x", "is stored as 'y'"),
        ),
    ],
)
def test_what_does_not_fit_is_named(package: Path, file: str, code: str, field: str, message: str) -> None:
    (package / f"{file}.py").write_text(code)
    with pytest.raises(Misconfigured) as caught:
        load("mine")
    assert [fault.field for fault in caught.value.errors] == [f"mine.{field}"]
    assert message in caught.value.errors[0].message


@pytest.mark.parametrize(
    "field",
    [
        "x: float = Field(alias='y')",
        "x: float = Field(validation_alias=AliasChoices('y', 'x'))",
        "x: float = Field(validation_alias='z', serialization_alias='z')",
    ],
)
def test_names_by_which_an_input_is_stored_and_read(package: Path, field: str) -> None:
    code = INPUT.format(field).replace("import BaseModel", "import AliasChoices, BaseModel")
    (package / "input_object.py").write_text(code)
    assert len(load("mine").required) == 1


class Times(BaseModel):
    at: datetime
    day: date
    perhaps: date | None = None
    either: datetime | date = date(2020, 1, 1)
    text: str = ""
    several: list[datetime] = []
    named: NamedTime | None = None
    mixed: datetime | int = 0
    """Not a date-time in every record."""

    @computed_field
    def made(self) -> datetime:
        """Never stored."""
        return self.at


def test_days_and_moments_are_time_fields_and_nothing_else_is() -> None:
    times: UseCase = changed(InputObject=Times, TIME_FIELD=None)
    assert times.time_fields == ("at", "day", "perhaps", "either", "named")
    assert times.required == ("at", "day")


def test_evaluation_is_no_part_of_the_fingerprint_and_the_others_are(package: Path) -> None:
    found = set()
    for file in (None, *FILES):
        load.cache_clear()
        for name in [name for name in sys.modules if name.partition(".")[0] == "mine"]:
            del sys.modules[name]
        if file:
            (package / f"{file}.py").write_text(f"{FILES[file]}\nMORE = '{file}'\n")
        mine = load("mine")
        found.add((mine.fingerprint, *(stage.fingerprint for stage in mine.stages.values())))
    assert [len({*part}) for part in zip(*found, strict=True)] == [4, 2, 2, 2]
