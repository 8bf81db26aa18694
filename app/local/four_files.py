"""Writes the four files that a user edits, from an example; what was edited stays."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import Conflict, FieldError, InvalidInput
from app.services.use_case import FOUR_FILES

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
BLANK = "blank"


@dataclass(frozen=True)
class Written:
    """A file at its place, and whether it was written now or was so before."""

    place: Path
    is_new: bool


def names() -> list[str]:
    """The examples there are."""
    return sorted(folder.parent.name for folder in EXAMPLES.glob("*/input_object.py"))


def write(example: str, root: Path = ROOT) -> list[Written]:
    """Write an example's four files to their places below ``root``; InvalidInput: there is no such one.

    A file is replaced only if it is, to the letter, one of an example's: Conflict names those that somebody
    edited, and then none is written.
    """
    if example not in names():
        there_is = f"there is no {example!r}; there is {', '.join(names())}"
        raise InvalidInput("There is no such example.", errors=[FieldError("example", there_is)])
    wanted = {root / place(module): render(example, module) for module in FOUR_FILES}
    edited = [path for path in wanted if not _is_untouched(path)]
    if edited:
        yours = [FieldError(str(path.relative_to(root)), "was edited: move it away first") for path in edited]
        raise Conflict("Nothing was written: what somebody edited is not overwritten.", errors=yours)
    return [_written(path, text) for path, text in wanted.items()]


def place(module: str) -> Path:
    """Where a module of the four is, below the root of the project."""
    return Path(*FOUR_FILES[module].split(".")).with_suffix(".py")


def render(example: str, module: str) -> str:
    """The text of an example's file, for its place among the four."""
    text = (EXAMPLES / example / f"{module}.py").read_text(encoding="utf-8")
    text = re.sub(r'\A"""(\w)', lambda found: f'"""YOURS TO EDIT: {found[1].lower()}', text)
    for other, target in FOUR_FILES.items():
        text = re.sub(rf"\bexamples\.{example}\.{other}\b", target, text)
    blocks = re.split(r"(\n{2,})", text)
    return "".join(_sorted(block) if block.startswith("from app.") else block for block in blocks)


def _sorted(imports: str) -> str:
    """Under their new names the imports of a block may belong in another order."""
    return "\n".join(sorted(imports.splitlines())) + ("\n" if imports.endswith("\n") else "")


def _is_untouched(path: Path) -> bool:
    if not path.exists():
        return True
    return path.read_text(encoding="utf-8") in _known(path.stem)


def _known(module: str) -> Iterable[str]:
    return [render(example, module) for example in names()]


def _written(path: Path, text: str) -> Written:
    is_new = not path.exists() or path.read_text(encoding="utf-8") != text
    if is_new:
        half = path.with_suffix(".half")
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    return Written(path, is_new)
