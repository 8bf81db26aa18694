"""Versions of the libraries that the user's files import."""

from functools import cache
from importlib import metadata


@cache
def version(module: str) -> str:
    """What a top-level module is installed from, such as ``scikit-learn 1.7.2`` for ``sklearn``."""
    found = sorted({*_distributions(module)})
    return ", ".join(f"{name} {metadata.version(name)}" for name in found) or f"{module} of no known version"


def _distributions(module: str) -> list[str]:
    """Most are named like their module; to ask all that is installed takes some 0.2 s."""
    try:
        files = metadata.distribution(module).files or []
    except metadata.PackageNotFoundError:
        files = []
    if any(file.parts[0] in (module, f"{module}.py") for file in files):
        return [module]
    return [*_all().get(module, [])]


@cache
def _all() -> dict[str, list[str]]:
    return {module: [*names] for module, names in metadata.packages_distributions().items()}
