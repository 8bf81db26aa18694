"""Opens the backend that fits the kind of endpoint."""

from collections.abc import Sequence

from app.backends.sagemaker import backend
from app.backends.sagemaker.asynchronous.backend import AsynchronousBackend
from app.backends.sagemaker.backend import SageMakerBackend
from app.backends.sagemaker.options import Options
from app.core.hosts import Hosts


def create(
    options: Options, features: Sequence[str], concurrency: int, hosts: Hosts
) -> SageMakerBackend | AsynchronousBackend:
    """Nothing is called yet. Raises BackendRefused without a region or a valid profile."""
    plain = backend.create(options, features, concurrency, hosts)
    if options.asynchronous is None:
        return plain
    return AsynchronousBackend(options, options.asynchronous, plain, concurrency)
