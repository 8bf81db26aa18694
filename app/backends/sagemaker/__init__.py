"""Models behind a SageMaker real-time endpoint, single or multi-model, through boto3."""

from app.backends.sagemaker.backend import create
from app.backends.sagemaker.looks.looking import look_together
from app.backends.sagemaker.options import Options

__all__ = ["Options", "create", "look_together"]
