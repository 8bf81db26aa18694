"""``python -m tests.stack [CASE...]``: the Docker stack, from nothing and back to nothing."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.stack import crashes, jobs, outages
from tests.stack.load import Ledger
from tests.stack.report import Report, say
from tests.stack.stack import PROJECT, Failed, Stack, run

CASES = {
    "cold_start": crashes.cold_start,
    "crashes": crashes.crashes,
    "jobs": jobs.jobs,
    "scale": crashes.scale,
    "pooler": crashes.pooler,
    "absent_endpoint": outages.absent_endpoint,
    "wrong_password": outages.wrong_password,
    "late_database": outages.late_database,
    "late_storage": outages.late_storage,
    "failing_migration": outages.failing_migration,
    "full_disk": outages.full_disk,
}
"""In an order in which each finds a running stack; the later ones start anew."""


def main() -> None:
    """Run the cases until one fails; exit code 1 then. Nothing is left behind in any case."""
    parser = argparse.ArgumentParser(prog="python -m tests.stack", description="Try the Docker stack.")
    parser.add_argument(
        "cases", nargs="*", choices=[[], *CASES], metavar="CASE", help=f"default: {' '.join(CASES)}"
    )
    chosen = parser.parse_args().cases or list(CASES)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # tidies up, too
    with tempfile.TemporaryDirectory(prefix="stack-test-") as folder:
        stack, report, ledger = Stack(Path(folder)), Report(), Ledger()
        try:
            if chosen[0] != "cold_start":
                stack.up()
            for case in chosen:
                CASES[case](stack, report, ledger)
            report.close()
        except Failed as failure:
            say(str(failure))
            say(stack.compose("--profile", "*", "logs", "--tail", "15"))
            sys.exit("The stack does not hold.")
        finally:
            _remove(stack)


def _remove(stack: Stack) -> None:
    stack.down(volumes=True)
    images = run(["docker", "image", "ls", "--quiet", "--filter", f"reference={PROJECT}*"]).split()
    if images:
        run(["docker", "image", "rm", "--force", *images])
    say("Removed the containers, volumes and images of the test.")


if __name__ == "__main__":
    main()
