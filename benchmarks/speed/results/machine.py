"""What the measurements were made on."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from tests.support.demo import ROOT

PACKAGES = (
    "fastapi",
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "asyncpg",
    "sqlalchemy",
    "pydantic",
    "boto3",
)


def describe(postgres: str) -> dict[str, str]:
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "Postgres": postgres,
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "commit": commit(),
        "load": f"{os.getloadavg()[0]:.1f} before it began",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def commit() -> str:
    """The commit, and whether the tree differs from it."""
    done = [
        subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout
        for arguments in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain"])
    ]
    return f"{done[0].strip() or 'unknown'}{' and changes' if done[1] else ''}"
