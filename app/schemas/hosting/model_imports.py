"""What came of an import of models."""

from typing import Literal, TypeAlias

from app.schemas.values.wire import Documented

ImportFault: TypeAlias = Literal[
    "does not fit the pattern",
    "gives no legal name",
    "cannot be a target model",
    "names a version that another object names too",
    "names a version that is registered with other content",
    "is not there any more",
    "is no newer than another version of its model",
]
"""Why an object was left out; of the last only the promotion was."""
SHOWN = 5
"""Objects that are named of each fault."""


class LeftOut(Documented):
    """Objects that were left out for one reason."""

    fault: ImportFault
    objects: int
    examples: list[str]
    """The keys of the first of them, and what is wrong with each."""


class ModelsImport(Documented):
    """What an import of models did; of a dry run what it would do."""

    dry_run: bool
    objects: int
    """Objects below the prefix."""
    models: int
    """Models that they are of, as far as they were not left out."""
    registered: int
    """Versions."""
    unchanged: int
    """Versions that were registered before."""
    promoted: int
    """Models of which another version is live now."""
    left_out: list[LeftOut]
