"""``python slim.py SITE_PACKAGES AWS_SERVICE...``: takes away what the service never opens.

Half of it is code that draws in notebooks, and AWS services that are never called.
"""

import shutil
import sys
from pathlib import Path

KEPT = {
    "plotly": ["package_data/plotly.min.js"],  # which the dashboard's pages load; Python draws nothing
    "pygments/lexers": [
        "__init__.py",
        "_mapping.py",
        "data.py",
        "python.py",
        "special.py",
    ],  # of tracebacks and JSON
}
"""Folders, and the files of each that stay."""
UNUSED = (
    *("_plotly_utils", "alembic/testing", "joblib/test", "sqlalchemy/testing"),
    *("boto3/data", "boto3/examples"),  # of boto3.resource
    *("numpy/_core/include", "numpy/_core/lib"),
    *("numpy/_core/_simd.*.so", "numpy/_core/_*_tests.*.so", "scipy/*/_test_*.so", "scipy/*/_c*test.*.so"),
    *("scipy/io", "scipy/odr"),
    # Models and their data: a model is hosted elsewhere. What prepares rows, a Pipeline say, stays.
    *("sklearn/cluster", "sklearn/cross_decomposition", "sklearn/datasets", "sklearn/ensemble"),
    *("sklearn/gaussian_process", "sklearn/inspection", "sklearn/manifold", "sklearn/mixture"),
    *("sklearn/neural_network", "sklearn/semi_supervised", "sklearn/tree"),
)
"""Folders and files, by patterns."""
ONLY_TO_BUILD_WITH = (".a", ".c", ".cpp", ".h", ".pxd", ".pxi", ".pyi", ".pyx", ".tp")


def main():
    root, services = Path(sys.argv[1]), set(sys.argv[2:])
    for name, kept in KEPT.items():
        keep_only(root / name, [root / name / file for file in kept])
    for pattern in UNUSED:
        remove(list(root.glob(pattern)), pattern)
    for folder in [path for path in root.rglob("tests") if path.is_dir()]:
        shutil.rmtree(folder)
    for path in [path for path in root.rglob("*") if path.suffix in ONLY_TO_BUILD_WITH]:
        path.unlink()
    keep_services(root / "botocore" / "data", services)


def keep_only(folder, kept):
    """Remove all of a folder but some files, which have to be there."""
    if missing := [str(path) for path in kept if not path.exists()]:
        sys.exit(f"deploy/slim.py keeps what is not there: {', '.join(missing)}")
    for path in [path for path in folder.rglob("*") if path.is_file() and path not in kept]:
        path.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def remove(paths, pattern):
    if not paths:
        sys.exit(f"deploy/slim.py removes what is not there: {pattern}")
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def keep_services(data, services):
    known = {path.name for path in data.iterdir() if path.is_dir()}
    if services - known:
        sys.exit(f"AWS_SERVICES: botocore knows no {', '.join(sorted(services - known))}")
    for name in known - services:
        shutil.rmtree(data / name)


if __name__ == "__main__":
    main()
