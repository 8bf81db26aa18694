"""Models behind a Databricks Model Serving endpoint, which speaks MLflow's scoring protocol."""

from app.backends.databricks.backend import Options, create

__all__ = ["Options", "create"]
