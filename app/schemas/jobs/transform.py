"""What is kept on the storage beside the rows of a batch transform job."""

from collections.abc import Mapping, Sequence

from pydantic import ConfigDict, JsonValue

from app.schemas.values.wire import Wire


class ManifestLine(Wire):
    """The record a line of the input object is of, and the hash of what it held.

    ``payload`` is that itself, where postprocess wants to see it: the record may have changed until then.
    """

    model_config = ConfigDict(frozen=True)

    record_id: str
    content_hash: str
    payload: JsonValue = None


class Manifest(Wire):
    """What became of the records of a chunk when its rows were written.

    ``lines`` are in the order of the rows; ``hits`` are ids of predictions that were there before; ``errors``
    are slug and detail. ``revision`` is that of the model the job runs.
    """

    model_config = ConfigDict(frozen=True)

    pipeline_version: str
    revision: str
    lines: Sequence[ManifestLine]
    hits: Mapping[str, int]
    errors: Mapping[str, tuple[str, str]]
