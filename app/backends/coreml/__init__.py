"""Models in Core ML's format (.mlmodel), evaluated in this process: Core ML has no hosting of its own."""

from app.backends.coreml.backend import Options, create

__all__ = ["Options", "create"]
