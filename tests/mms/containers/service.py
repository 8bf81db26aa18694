"""What AWS's multi-model-server runs for each model of a multi-model endpoint with the built-in XGBoost.

It runs in the containers' venv and is not imported by the tests.
"""

import collections
import collections.abc
from typing import Protocol

collections.Mapping = collections.abc.Mapping  # type: ignore[attr-defined]  # as the image's Dockerfile does

from sagemaker_xgboost_container.algorithm_mode.handler_service import (  # type: ignore[import-not-found]  # noqa: E402
    HandlerService,
)


class Context(Protocol):
    """What of the server's context is needed here."""

    system_properties: dict[str, str]


_service: HandlerService | None = None


def handle(data: object, context: Context) -> object:
    """Load at the server's first call, which has no data; answer the others."""
    global _service
    if _service is None:
        _service = HandlerService()
        _service.initialize(context)
    return None if data is None else _service.handle(data, context)
