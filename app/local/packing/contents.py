"""Which files of a folder belong into its artifact."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import FieldError, InvalidInput

CODE = "code/inference.py"
"""Where the containers look for the model's code."""
BYTECODE = ("__pycache__", ".pyc", ".pyo")


@dataclass(frozen=True)
class Contents:
    """The files to pack by their names in the archive, and the names of what is left out."""

    files: Mapping[str, Path]
    left_out: tuple[str, ...]


def contents(folder: Path) -> Contents:
    """What to pack. InvalidInput names whatever cannot be, and says what would be right."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise unfit("folder", f"{folder} {what}; give the folder that holds {CODE} and the model's files")
    left_out = list[str]()
    names = list(_walk(folder, "", left_out))
    if faults := [fault for name in names if (fault := _fault(folder, name))]:
        raise InvalidInput(f"{folder} cannot be packed.", errors=faults)
    _check_layout(folder, names)
    return Contents({name: folder / name for name in names}, tuple(sorted(left_out)))


def unfit(field: str, message: str) -> InvalidInput:
    """The folder, or a file in it, is not as it must be."""
    return InvalidInput("This is no model to pack.", errors=[FieldError(field, message)])


def _walk(folder: Path, prefix: str, left_out: list[str]) -> Iterator[str]:
    """The names of what is in the folder, but for what is hidden or bytecode; links are not followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise unfit(prefix or str(folder), f"cannot be read: {error.strerror}") from error
    for entry in entries:
        is_folder = entry.is_dir(follow_symlinks=False)
        name = prefix + entry.name
        if entry.name.startswith(".") or entry.name.endswith(BYTECODE):
            left_out.append(f"{name}/" if is_folder else name)
        elif is_folder:
            yield from _walk(Path(entry.path), f"{name}/", left_out)
        else:
            yield name


def _fault(folder: Path, name: str) -> FieldError | None:
    """What keeps a file from being packed."""
    path = folder / name
    if not name.isprintable() or "\\" in name:  # what is no UTF-8 is not printable either
        return FieldError(ascii(name), "rename it: other systems cannot unpack this name")
    try:
        if path.is_symlink() and not path.resolve(strict=True).is_relative_to(folder.resolve()):
            return FieldError(name, "is a link that leads out of the folder: put a copy of the file there")
        mode = path.stat().st_mode
    except (OSError, RuntimeError):  # nothing there; or, until Python 3.13, a circle
        return FieldError(name, "is a link that leads nowhere: remove it, or put the file there")
    if stat.S_ISDIR(mode):
        return FieldError(name, "is a link to a folder: put a copy of the folder there")
    if not stat.S_ISREG(mode):
        return FieldError(name, "is no file (a pipe, a socket or a device): remove it")
    return None


def _check_layout(folder: Path, names: list[str]) -> None:
    if not names:
        raise unfit("folder", f"{folder} holds no files; expected {CODE} and the model's files")
    if CODE in names:
        return
    if (nested := _nested(names)) is not None:
        raise unfit(nested, f"the model's files must be at the top of the archive: pack {folder / nested}")
    if "inference.py" in names:
        raise unfit("inference.py", f"is at the top; move it to {CODE}")
    if "code" in names:
        raise unfit("code", f"is a file; it must be a folder with inference.py: {CODE}")
    raise unfit(CODE, "is missing; it must define model_fn and predict_fn, or model_fn and transform_fn")


def _nested(names: list[str]) -> str | None:
    """The folder within that is meant: the one with the code, or the one that holds everything."""
    for name in names:
        if name.endswith(f"/{CODE}"):
            return name.removesuffix(f"/{CODE}")
    [top, *others] = {name.partition("/")[0] for name in names}
    return None if others or top == "code" or top in names else top
