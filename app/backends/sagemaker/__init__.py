"""Models behind a SageMaker endpoint: real-time, single or multi-model, or asynchronous."""

from app.backends.sagemaker.looks.looking import look_together
from app.backends.sagemaker.opening import create
from app.backends.sagemaker.options import Options

__all__ = ["Options", "create", "look_together"]
