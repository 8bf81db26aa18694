"""Models behind a scorer of H2O MLOps, by the OpenAPI file of "MLOps Scoring REST API" (docs.h2o.ai)."""

from app.backends.h2o.backend import Options, create

__all__ = ["Options", "create"]
