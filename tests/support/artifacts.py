"""Model artifacts of a few lines, as model.tar.gz files."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

DOUBLE = """
    def model_fn(model_dir):
        return 2

    def predict_fn(rows, model):
        return (rows * model).sum(axis=-1)
"""
"""One number per row, twice the row's sum; input and output are left to the toolkit's defaults."""


def write_artifact(
    path: Path, inference: str = DOUBLE, model: Mapping[str, bytes] | None = None, /, **files: str
) -> Path:
    """Write a model.tar.gz with code/inference.py and further files by name (``code__x`` is code/x.py), and
    those of the ``model`` as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = {"code/inference.py": inference}
    code |= {f"{name.replace('__', '/')}.py": text for name, text in files.items()}
    members = {name: dedent(text).encode() for name, text in code.items()} | {**(model or {})}
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path
