"""From a folder to a checked model.tar.gz, for the local endpoint and SageMaker's containers alike."""

from app.local.packing.pack import ModelArtifact, pack

__all__ = ["ModelArtifact", "pack"]
