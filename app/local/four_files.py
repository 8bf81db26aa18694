"""Writes the four files that a user edits, from an example; what was edited stays."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import Conflict, FieldError, InvalidInput, Misconfigured
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
    """The examples there are: the folders that hold all four files."""
    return sorted(folder.name for folder in EXAMPLES.iterdir() if _is_whole(folder))


def _is_whole(folder: Path) -> bool:
    return all((folder / f"{module}.py").is_file() for module in FOUR_FILES)


def write(example: str, root: Path = ROOT) -> list[Written]:
    """Write an example's four files to their places below ``root``; InvalidInput: there is no such one.

    A file is replaced only if it is, to the letter, one of an example's: Conflict names those that somebody
    edited, and then none is written. Misconfigured: the folders cannot be written to.
    """
    if example not in names():
        there_is = f"there is no {example!r}; there is {', '.join(names())}"
        raise InvalidInput("There is no such example.", errors=[FieldError("example", there_is)])
    wanted = {root / place(module): render(example, module) for module in FOUR_FILES}
    edited = [path for path in wanted if not _is_untouched(path)]
    if edited:
        yours = [FieldError(str(path.relative_to(root)), "was edited: move it away first") for path in edited]
        raise Conflict("Nothing was written: what somebody edited is not overwritten.", errors=yours)
    new = {path: text for path, text in wanted.items() if not path.exists() or _read(path) != text}
    _replace(new)
    return [Written(path, path in new) for path in wanted]


def place(module: str) -> Path:
    """Where a module of the four is, below the root of the project."""
    return Path(*FOUR_FILES[module].split(".")).with_suffix(".py")


def render(example: str, module: str) -> str:
    """The text of an example's file, for its place among the four."""
    text = _read(EXAMPLES / example / f"{module}.py")
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
    return path.is_file() and _read(path) in _known(path.stem)


def _known(module: str) -> Iterable[str]:
    return [render(example, module) for example in names()]


def _read(path: Path) -> str:
    """Its text; what is no UTF-8 in it becomes what no example has."""
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def _replace(texts: Mapping[Path, str]) -> None:
    """Write all of them, or none: each is written beside its place first."""
    halves = {path: path.with_suffix(".half") for path in texts}
    replaced = list[str]()
    try:
        for path, half in halves.items():
            half.write_text(texts[path], encoding="utf-8", errors="surrogateescape")
        for path, half in halves.items():
            half.replace(path)
            replaced.append(path.name)
    except OSError as error:
        done = f"Written were only {', '.join(replaced)}" if replaced else "Nothing was written"
        raise Misconfigured(f"{done}: {error.filename or path}: {error.strerror}.") from error
    finally:
        for half in halves.values():
            with suppress(OSError):
                half.unlink(missing_ok=True)
