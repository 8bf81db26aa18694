"""Commands that a command tells to give next."""

import shlex
import sys
from pathlib import Path


def this_program() -> str:
    """How this one was started: by the Python of a venv below this folder, else by one on the path."""
    python, here = Path(sys.executable), Path.cwd()
    place = str(python.relative_to(here)) if python.is_relative_to(here) else "python"
    return f"{shlex.quote(place)} -m app"
