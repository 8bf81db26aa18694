"""Models behind an online endpoint of Azure Machine Learning."""

from app.backends.azure_ml.backend import Options, create

__all__ = ["Options", "create"]
