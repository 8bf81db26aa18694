"""Everything that a user of the project runs, in a copy whose four files are another use case's.

``python -m tests.replaced EXAMPLE`` (``make test-replaced EXAMPLE=churn``) prints each part's last line, and
fails with the first part that does.
"""

import sys
import tempfile
from pathlib import Path

import httpx

from examples.transit import train
from tests.support.copies import copy_of_the_project, replace_the_four_files, run
from tests.support.demo import demo_folder, running_demo


def main(example: str) -> None:
    """Replace the four files in a copy by the example's, and run what has to stay green."""
    with tempfile.TemporaryDirectory(prefix="replaced-") as name:
        tree = copy_of_the_project(Path(name))
        replace_the_four_files(tree, example)
        _say("The four files are", example)
        for target in ("check", "test"):
            said = run(tree, ["make", "--no-print-directory", target])
            _say(f"make {target}:", said.strip().splitlines()[-1])
        with demo_folder() as folder, running_demo(folder, cwd=tree) as demo:
            answer = httpx.post(f"{demo.url}/predict/{train.EXAMPLE_ID}", timeout=60)
            answer.raise_for_status()
            _say("make demo predicts", str(answer.json()["prediction"]))


def _say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "churn")
