"""The default input_fn: from a request body to a numpy array. Needs numpy only when it is called."""

import io
import json

from app.local.endpoint.toolkit import content_types
from app.local.endpoint.toolkit.errors import UnsupportedFormatError


def decode(data: str | bytes, content_type: str | None) -> object:
    """Decode JSON, CSV or NPY as the toolkit does, but for pickles inside NPY, which are refused."""
    import numpy as np

    if content_type == content_types.JSON:
        return np.array(json.loads(data))
    if content_type == content_types.CSV:
        text = data if isinstance(data, str) else data.decode()
        return np.genfromtxt(io.StringIO(text), dtype=None, delimiter=",")
    if content_type == content_types.NPY and isinstance(data, bytes):
        return np.load(io.BytesIO(data), allow_pickle=False)
    raise UnsupportedFormatError(content_type)
