"""Check a folder, pack it, try the artifact out: it gets its name only when all of it went well."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from app.backends.wire.formats import ContentType
from app.core.errors import InvalidInput
from app.local.packing import archive
from app.local.packing.aside import try_out
from app.local.packing.contents import CODE, Contents, contents, unfit
from app.local.packing.handlers import check_handlers
from app.schemas.rows import Row

SUFFIX = ".tar.gz"


@dataclass(frozen=True)
class ModelArtifact:
    """A packed model; ``answer`` is what it answered to the row, if there was one."""

    path: Path
    size: int
    md5: str
    """In hex: its ETag on S3, if it is uploaded in one part and not encrypted with a key of KMS."""
    names: tuple[str, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
    answer: JsonValue


def pack(
    folder: Path, output: Path | None = None, row: Row | None = None, content_type: ContentType = "text/csv"
) -> ModelArtifact:
    """Pack ``folder`` as ``output``, by default models/<its name>.tar.gz. InvalidInput says what is wrong.

    What is there under the name stays, and is an error unless it is the same.
    """
    try:
        found = contents(folder)
        check_handlers(found.files[CODE])
        target = _target(folder, output)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".pack-", dir=target.parent) as aside:
            return _pack_aside(Path(aside).resolve(), found, target, row, content_type)
    except OSError as error:
        raise InvalidInput(f"{error.filename or output or folder}: {error.strerror or error}.") from error


def _pack_aside(
    aside: Path, found: Contents, target: Path, row: Row | None, content_type: ContentType
) -> ModelArtifact:
    packed = aside / target.name
    with packed.open("wb") as file:
        archive.write(file, found.files)
    unpacked = sum(path.stat().st_size for path in found.files.values())
    with _hinting(found.left_out):
        answer = try_out(packed, aside / "unpacked", unpacked, row, content_type)
    md5 = _md5(packed)
    if target.exists() and (not target.is_file() or _md5(target) != md5):
        raise unfit("output", _TAKEN.format(target))
    size = packed.stat().st_size
    packed.replace(target)
    notes = [*_notes(found.files), *([_NO_ANSWER] if row is not None and answer in _NOTHING else [])]
    return ModelArtifact(target, size, md5, tuple(sorted(found.files)), found.left_out, tuple(notes), answer)


@contextmanager
def _hinting(left_out: Sequence[str]) -> Iterator[None]:
    """Add to a failure of the code which files it cannot find in the archive."""
    names = [name for name in left_out if not name.endswith("__pycache__/")]
    try:
        yield
    except InvalidInput as error:
        if not names:
            raise
        hint = f"  Left out, being hidden or bytecode: {', '.join(names)}. If the code needs one, rename it."
        raise InvalidInput(f"{error.detail.rstrip()}\n{hint}") from error


_NOTHING = (None, "null", "None")
"""What Python's None becomes as JSON, and as a cell of CSV."""
_NO_ANSWER = "The answer to the row says nothing, and is no prediction: does output_fn return something?"


_TAKEN = (
    "{} is there already and holds something else. An endpoint keeps what it has loaded under a name: "
    "give a new version a new one, or delete the file if it was never served"
)


def _target(folder: Path, output: Path | None) -> Path:
    target = output or Path("models") / f"{folder.resolve().name}{SUFFIX}"
    if not target.name.endswith(SUFFIX) or target.name == SUFFIX:
        raise unfit(
            "output", f"{target} must end in {SUFFIX}, such as models/churn-1{SUFFIX}: SageMaker wants that"
        )
    if target.resolve().is_relative_to(folder.resolve()):
        raise unfit("output", f"{target} lies in the folder that is packed; give another place with --output")
    return target


def _notes(files: Mapping[str, Path]) -> Iterator[str]:
    if "code/requirements.txt" in files:
        yield "The local endpoint does not install code/requirements.txt: it uses what is installed here."
    if "requirements.txt" in files:
        yield "requirements.txt is at the top, where no container looks: code/requirements.txt is the place."


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
