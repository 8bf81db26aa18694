"""The part of the SageMaker inference toolkit (sagemaker-inference 1.10.1) that an artifact may import.

The toolkit itself needs the multi-model-server, scipy and an old setuptools. ``install`` puts these modules
in its place, so that ``from sagemaker_inference import decoder`` works in an artifact here as there.
"""

import sys

from app.local.endpoint.toolkit import content_types, decoder, encoder, errors


def install() -> None:
    """Make this package importable as ``sagemaker_inference`` in this process."""
    sys.modules["sagemaker_inference"] = sys.modules[__name__]
    for module in (content_types, decoder, encoder, errors):
        sys.modules[f"sagemaker_inference.{module.__name__.rpartition('.')[2]}"] = module
