"""What AWS's multi-model-server runs for each model: the inference toolkit's own handler.

It runs in that server's venv, one process per model, and is not imported by the tests. The toolkit expects
a container that has put the model's code on the path.
"""

import sys
from pathlib import Path
from typing import Protocol

from sagemaker_inference.default_handler_service import (  # type: ignore[import-not-found]
    DefaultHandlerService,
)


class Context(Protocol):
    """What of the server's context is needed here."""

    system_properties: dict[str, str]


_service: DefaultHandlerService | None = None


def handle(data: object, context: Context) -> object:
    """Load at the server's first call, which has no data; answer the others."""
    global _service
    if _service is None:
        model_dir = context.system_properties["model_dir"]
        sys.path.insert(0, str(Path(model_dir) / "code"))
        _service = DefaultHandlerService()
        _service.initialize(context)
    return None if data is None else _service.handle(data, context)
