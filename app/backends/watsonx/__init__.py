"""Models behind an online deployment of watsonx.ai Runtime, on IBM Cloud or in a Cloud Pak for Data."""

from app.backends.watsonx.backend import Options, create

__all__ = ["Options", "create"]
