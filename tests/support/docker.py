"""Whether the tests' servers come from Docker."""

import gc
import os
import warnings

CHOICE = "TESTCONTAINERS"


def docker_is_used() -> bool:
    """TESTCONTAINERS=0 or 1 says so, which other processes inherit; else whether a daemon answers."""
    if CHOICE not in os.environ:
        os.environ[CHOICE] = "1" if _daemon_answers() else "0"
    return os.environ[CHOICE] == "1"


def _daemon_answers() -> bool:
    import docker  # type: ignore[import-untyped]  # 1 s, for the first process only
    from docker.errors import DockerException  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # docker forgets its socket where nobody listens
        try:
            docker.from_env(timeout=2).close()  # asks the daemon for its version
        except DockerException:
            return False
        finally:
            gc.collect()
    return True
