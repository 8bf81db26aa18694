"""Models and versions on the wire."""

import json
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue, StrictBool

from app.schemas.ids import Name
from app.schemas.values.closed import Closed
from app.schemas.values.guesses import Raw
from app.schemas.values.wire import Documented, Wire

MOST_OPTIONS = 100
LONGEST_OPTIONS = 100_000
"""Characters of a version's options as JSON: no backend has one that is long."""
MOST_FEATURES = 10_000


def _of_some_size(options: Raw) -> Raw:
    if isinstance(options, dict) and len(options) > MOST_OPTIONS:
        return options  # which is refused for that
    if len(json.dumps(options)) > LONGEST_OPTIONS:
        raise ValueError(f"must have at most {LONGEST_OPTIONS} characters as JSON")
    return options


class NewVersion(Documented, Closed):
    """A model version to register; once registered it never changes."""

    version: Name
    backend: str
    """The hosting platform, for example `sagemaker`."""
    options: Annotated[
        dict[str, JsonValue], Field(max_length=MOST_OPTIONS), BeforeValidator(_of_some_size)
    ] = Field(default_factory=dict)
    """The backend's options. They are shown to callers: no secrets."""
    features: Annotated[list[str], Field(min_length=1, max_length=MOST_FEATURES)] | None = None
    """Names of preprocess.FEATURES that this version takes, in its order; default all of them."""
    promote: StrictBool = False
    """Make it live at once."""
    probe: StrictBool | None = None
    """Send it one row before it becomes live, where there are records; default true, unless its options say
    scales_to_zero."""


class VersionChoice(Documented, Closed):
    """A version of the model by name."""

    version: Name
    probe: StrictBool | None = None
    """Send it one row first, where there are records: if that fails it does not become live. Default true,
    unless its options say scales_to_zero."""


class ModelVersion(Documented):
    """A registered version, and what its platform last said is in service."""

    model: str
    version: str
    live: bool
    backend: str
    options: dict[str, JsonValue]
    features: list[str]
    revision: str
    """`revisions` as one text."""
    revisions: list[str]
    """What is in service: stored predictions of any of them are answers. Empty if the platform cannot say."""
    pending: bool
    """A change is under way: what is computed meanwhile is no cache entry where replies do not say who made
    it."""
    created_at: datetime
    warning: str | None = None
    """In the reply to a registration: what to know of it."""


class Model(Wire):
    """A model with its versions, oldest first."""

    model: str
    live_version: str | None
    versions: list[ModelVersion]


class RolledBack(Documented, Model):
    """A model after a rollback: `live_version` was live before, and is again."""

    left_version: str
    """The version that was live until now."""


class ModelPage(Wire):
    """Models in the order of their names; `next_cursor` is null on the last page."""

    items: list[Model]
    next_cursor: str | None


class VersionPage(Wire):
    """Versions of a model, newest first; `next_cursor` is null on the last page."""

    items: list[ModelVersion]
    next_cursor: str | None


class LiveStretch(Documented):
    """A time in which one version was live."""

    version: str
    since: datetime
    until: datetime | None
    """Null: it is live."""
    began: Literal["promoted", "rolled back to"]
    """How it became live."""
    ended: Literal["replaced", "rolled back"] | None
    """How it was left: another version was promoted, or its own promotion undone; null: it is live."""


class LiveHistory(Wire):
    """Which version was live when, newest first; `next_cursor` is null on the last page."""

    items: list[LiveStretch]
    next_cursor: str | None


class ModelSummary(Wire):
    """A model in a row: its live version and that one's backend, and when the last version was registered."""

    model: str
    live_version: str | None
    backend: str | None
    versions: int
    registered_at: datetime


class ModelSummaries(Wire):
    """Models in the order of their names; `next_cursor` is null on the last page."""

    items: list[ModelSummary]
    next_cursor: str | None
