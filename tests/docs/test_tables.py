"""Tables, and the code of docs/four-files.md, are of what there is."""

import re

from app.core.settings import Settings
from tests.docs.pages import fences, text_of
from tests.docs.tables import error_table, settings_table
from tests.support.demo import ROOT


def test_the_settings_table_is_the_settings() -> None:
    assert settings_table() in text_of("docs/settings.md"), settings_table()


def test_the_error_table_is_the_error_tree() -> None:
    assert error_table() in text_of("docs/errors.md"), error_table()


def test_the_numbers_of_the_readme_are_those_of_the_page() -> None:
    _, _, speed = text_of("README.md").partition("| | measured |")
    shown = re.findall(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w-])", speed.partition("\n\n")[0])
    measured = set(re.findall(r"\d+(?:\.\d+)?", text_of("docs/speed.md")))
    assert len(shown) > 8
    assert [one for one in shown if one not in measured] == []


def test_the_shown_code_is_the_code() -> None:
    blocks = [fence.text for fence in fences("docs/four-files.md") if fence.language == "python"]
    shown = [text.partition("\n") for text in blocks]
    assert [first.removeprefix("# ") for first, _, _ in shown] == [
        "app/schemas/input_object.py",
        "app/services/preprocess.py",
        "app/services/postprocess.py",
        "app/services/evaluation.py",
    ]
    for first, _, code in shown:
        assert f"`{first.removeprefix('# ')}`" in text_of("README.md")
        example = (ROOT / "examples" / "transit" / first.rpartition("/")[2]).read_text()
        for part in code.strip().split("\n...\n"):
            assert part.strip() in example


def test_the_example_environment_names_only_what_is_read() -> None:
    names = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", text_of(".env.example"), re.MULTILINE))
    compose = text_of("docker-compose.yml")
    read = {name.upper() for name in Settings.model_fields} | set(re.findall(r"\$\{(\w+)", compose))
    assert {name for name in names if not name.startswith("AWS_")} <= read
    assert set(re.findall(r"\$\{(\w+):\?", compose)) <= names
