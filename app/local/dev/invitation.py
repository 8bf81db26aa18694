"""What to do next, as commands that work as they stand in another shell."""

import json
import shlex
import sys
from pathlib import Path

ARTIFACT = "model-1.tar.gz"
MODEL = "my-model"


def invitation(
    address: str, folder: Path, models: Path, endpoint: str, answered: str, *, default_model: str | None
) -> str:
    """From a model's folder to the first prediction, in the words after "Ready on"; ``answered`` says whose
    calls are."""
    app = f"{shlex.quote(_short(Path(sys.executable)))} -m app"
    model = shlex.quote(default_model or MODEL)
    options = shlex.quote(json.dumps({"endpoint_name": endpoint, "target_model": ARTIFACT}))
    query = "" if default_model else f"?model={MODEL}"
    return f"""{address} (its API: {address}/docs).
Each save of its code, and of .env, starts it anew. Next, in another shell:

  cd {shlex.quote(str(Path.cwd()))}
  set -a; . {shlex.quote(_short(folder / "dev.env"))}; set +a
  {app} models pack FOLDER --output {shlex.quote(_short(models / ARTIFACT))}
  {app} models register {model} 1 --promote --options {options}
  {app} records import FILE
  curl -s -X POST '{address}/predict/ID{query}'

{answered}
FOLDER holds a model with its code, FILE records as CSV or JSON lines, ID is one of theirs.
Ctrl-C stops everything; the data stays in {folder}.
"""


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
