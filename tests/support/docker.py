"""Whether the tests' servers come from Docker."""

import functools
import gc
import os
import warnings

import docker  # type: ignore[import-untyped]
from docker.errors import DockerException  # type: ignore[import-untyped]


@functools.cache
def docker_is_used() -> bool:
    """TESTCONTAINERS=0 or 1 says so; otherwise, whether a daemon answers."""
    forced = os.environ.get("TESTCONTAINERS")
    return _daemon_answers() if forced is None else forced == "1"


def _daemon_answers() -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # docker forgets its socket where nobody listens
        try:
            docker.from_env(timeout=2).close()  # asks the daemon for its version
        except DockerException:
            return False
        finally:
            gc.collect()
    return True
