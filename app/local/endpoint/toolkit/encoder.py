"""The default output_fn: from an array-like prediction to a response body."""

import io
import json
from typing import Protocol, runtime_checkable

from app.local.endpoint.toolkit import content_types
from app.local.endpoint.toolkit.errors import UnsupportedFormatError

SUPPORTED_CONTENT_TYPES = frozenset({content_types.JSON, content_types.CSV, content_types.NPY})


@runtime_checkable
class _ArrayLike(Protocol):
    def tolist(self) -> object: ...


def encode(prediction: object, content_type: str) -> str | bytes:
    """Encode as JSON, CSV or NPY as the toolkit does. CSV and NPY need numpy."""
    if content_type == content_types.JSON:
        return json.dumps(prediction, default=_plain)
    if content_type == content_types.CSV:
        import numpy as np

        text = io.StringIO()
        np.savetxt(text, np.asarray(prediction), delimiter=",", fmt="%s")
        return text.getvalue()
    if content_type == content_types.NPY:
        import numpy as np

        buffer = io.BytesIO()
        np.save(buffer, np.asarray(prediction))
        return buffer.getvalue()
    raise UnsupportedFormatError(content_type)


def _plain(value: object) -> object:
    if isinstance(value, _ArrayLike):
        return value.tolist()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
