"""Models behind KServe, or another server that speaks its V1 or V2 protocol, as MLServer and Triton do."""

from app.backends.kserve.backend import Options, create

__all__ = ["Options", "create"]
