"""What a prediction is made for: the second argument of preprocess and postprocess, if they take one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

InputType = TypeVar("InputType", bound=BaseModel)


@dataclass(frozen=True)
class Context(Generic[InputType]):
    """The model version, and the inputs that are under way.

    ``features`` are those that the version takes, in its order. ``inputs`` has one for each item of
    preprocess or each output of postprocess, in their order. All of it is part of a prediction's key.
    """

    model: str
    version: str
    features: tuple[str, ...]
    inputs: Sequence[InputType]
