"""Which version of the program this is."""

import platform
from pathlib import Path

from app.core.web.program import NAME, VERSION

ROOT = Path(__file__).parents[3]


def version() -> str:
    """The program's version, of a checkout the commit, and Python's."""
    commit = _commit()
    return f"{NAME} {VERSION}{f' ({commit})' if commit else ''}, Python {platform.python_version()}"


def _commit() -> str:
    """Empty where there is no checkout, or no git."""
    if not (ROOT / ".git").exists():
        return ""
    import subprocess

    try:
        command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
