"""``python -m app``."""

import gc
import sys

NOT_INSTALLED = """\
Error: {name} is not installed in this Python ({python}).
  `make dev` and `make demo` make .venv with all that is needed: then .venv/bin/python -m app ...
  Elsewhere: pip install -r requirements.txt
"""

LEFT_OUT = ("app.local", "examples")
"""Where an image goes without them, deploy/left_out.py says so."""

if __name__ == "__main__":
    gc.disable()  # until all is imported: cli/program/collecting.py
    try:
        from app.cli import main

        main()
    except ModuleNotFoundError as error:
        if error.name in LEFT_OUT:
            sys.exit(f"Error: {error}")
        if error.name is None or error.name.partition(".")[0] == "app":
            raise
        sys.exit(NOT_INSTALLED.format(name=error.name, python=sys.executable).rstrip())
