"""A Core ML model's file, and whether it is the one that a model version's options and features mean."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from app.backends.base import missing
from app.backends.coreml.format import CELL_TYPES, Feature, describe, kind_of
from app.backends.coreml.wire import Message, UnusableModel
from app.core.errors import BackendRefused

FOLDER = "COREML_MODELS"
"""The environment variable that names the folder of the model files."""

MAX_VERSION = 100
"""Characters of a version's name that are told; one that is longer, or cannot be printed, is left out."""


class ModelFile:
    """A file that was read. UnusableModel where it is no Core ML model."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        self.message = Message(content)
        kind_of(self.message)
        self.description = describe(self.message)
        version, digest = self.description.version, hashlib.sha256(content).hexdigest()
        kept = version.isprintable() and len(version) <= MAX_VERSION
        self.revision = f"{version} {digest}".strip() if kept else digest

    def columns(self, features: Sequence[str]) -> list[tuple[int, Feature]]:
        """The model's inputs in its order, each with its place in a row of ``features``.

        UnusableModel where the names differ, or an input cannot be a cell of a row.
        """
        inputs = self.description.inputs
        names, wanted = {feature.name for feature in inputs}, set(features)
        differences = {"only the model has": names - wanted, "only the version has": wanted - names}
        if names != wanted:
            told = "; ".join(f"{who} {', '.join(sorted(only))}" for who, only in differences.items() if only)
            raise UnusableModel(f"its inputs are not the version's features: {told}")
        for feature in inputs:
            if feature.type not in CELL_TYPES:
                raise UnusableModel(
                    f"its input {feature.name!r} is a {feature.type}, which no feature can be"
                )
        return [(features.index(feature.name), feature) for feature in inputs]

    def output(self, name: str | None) -> Feature:
        """The output of that name; by default the probabilities, the predicted value, or the only one."""
        outputs = {feature.name: feature for feature in self.description.outputs}
        only = next(iter(outputs)) if len(outputs) == 1 else ""
        chosen = name or self.description.probabilities or self.description.predicted or only
        if chosen not in outputs:
            raise UnusableModel(f"the output must be one of: {', '.join(sorted(outputs))}")
        return outputs[chosen]


def read(name: str) -> ModelFile:
    """The file of that name in FOLDER, no link out of it. BackendRefused says why there is none; it is
    BackendMissing where there is no such file."""
    folder = Path(os.environ.get(FOLDER, ""))
    if not os.environ.get(FOLDER) or not folder.is_dir():
        raise BackendRefused(f"The environment variable {FOLDER} must name the folder of the Core ML models.")
    what = f"The Core ML model {name!r}"
    try:
        path = Path(os.path.realpath(folder / name, strict=True))  # resolve() has another error for circles
        if not path.is_relative_to(folder.resolve()):
            raise BackendRefused(f"{what} is a link out of the folder that {FOLDER} names.")
        return ModelFile(path, path.read_bytes())
    except FileNotFoundError as error:
        raise missing(what, "model", f"there is no such file in the folder that {FOLDER} names") from error
    except OSError as error:
        reason = f"cannot be read from the folder that {FOLDER} names: {error.strerror}"
        raise BackendRefused(f"{what} {reason}.") from error
    except UnusableModel as error:
        raise BackendRefused(f"{what} cannot be used: {error}.") from error
