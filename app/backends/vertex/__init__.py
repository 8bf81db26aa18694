"""Models on a Vertex AI endpoint, through its REST address."""

from app.backends.vertex.backend import Options, create

__all__ = ["Options", "create"]
