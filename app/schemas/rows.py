"""What travels between the user's code and a backend."""

from collections.abc import Sequence
from typing import TypeAlias

from pydantic import JsonValue

Row: TypeAlias = Sequence[JsonValue]
"""The features of one item, in the order of the feature names."""
