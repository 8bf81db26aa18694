"""Answers that are written once: FastAPI would validate what a service made before it writes it."""

from collections.abc import Mapping

from fastapi import Response
from pydantic import BaseModel


def reply(said: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A model as JSON. The route says the same model as its ``response_model``, for the document."""
    body = said.__pydantic_serializer__.to_json(said, by_alias=True)
    return Response(body, status, headers, media_type="application/json")
