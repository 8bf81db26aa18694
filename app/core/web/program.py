"""What this program is called, and its version."""

from typing import Final

NAME: Final = "sagemaker-fastapi"
VERSION: Final = "0.1.0"
"""As in pyproject.toml, which is not where the image is."""
