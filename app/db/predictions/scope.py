"""What all keys of one call share."""

from dataclasses import dataclass

from app.schemas.access.callers import Binding

EXPLAINING = "\texplained"


@dataclass(frozen=True)
class Scope:
    """What all keys of one call share: the model version, the code around it, the epoch of what is noted to
    be in service, and what the ids of the records begin with that the caller may know of: what was computed
    for others is nothing for it. ``explained``: a prediction without an explanation will not do."""

    model_version_id: int
    pipeline_version: str
    epoch: int
    record_prefix: str = ""
    explained: bool = False

    @property
    def binding(self) -> Binding:
        return Binding(self.record_prefix)

    @property
    def claimed_under(self) -> str:
        """In place of the pipeline version in claims, so that nobody waits for what it would not be given, or
        for an explanation that it has not asked for. No prefix has a tab."""
        within = f" {self.record_prefix}" if self.record_prefix else ""
        return f"{self.pipeline_version}{within}{EXPLAINING if self.explained else ''}"
