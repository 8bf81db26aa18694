"""``python -m benchmarks.speed``: the service beside its peers. ``--help`` has the options."""

import os

os.environ["USE_CASE"] = "examples.transit"

import argparse
import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import httpx

from benchmarks.speed import programs
from benchmarks.speed.bench import Bench
from benchmarks.speed.loads.load import TOOL
from benchmarks.speed.place import open_place
from benchmarks.speed.results import chart, machine, report
from benchmarks.speed.results.outcome import Outcome
from benchmarks.speed.scenarios import SCENARIOS, hits

FAILURES = (RuntimeError, OSError, subprocess.SubprocessError, httpx.HTTPError, asyncpg.PostgresError)
"""Of a scenario, after which the others go on."""


def main() -> None:
    given = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # so that what was started ends, too
    given.out.mkdir(parents=True, exist_ok=True)
    with open_place() as place:
        about = machine.describe(
            f"{asyncio.run(place.version())}, durable, on the disk of {place.folder.parent.parent}"
        )
        about |= {"placement": programs.PLACEMENT, "load by": TOOL}
        bench = Bench(place, given.rounds, given.seconds, given.ten_million, given.memory_minutes)
        outcomes, failed = list[Outcome](), False
        for name in given.only:
            print(f"{name} ...", flush=True)
            try:
                bench.measured[name] = SCENARIOS[name](bench)
            except FAILURES as failure:
                print(f"{name} failed: {failure}", flush=True)
                bench.measured[name] = Outcome(name, notes=[f"It failed: {failure}"])
                failed = True
            outcomes = list(bench.measured.values())
            _write(given.out, about, outcomes, given.rounds)
    print(f"\n{report.as_markdown(about, outcomes, given.rounds)}")
    print(f"Also in {given.out}, as Markdown and JSON, and the chart of hits")
    sys.exit(failed)


def _write(out: Path, about: dict[str, str], outcomes: list[Outcome], rounds: int) -> None:
    (out / "bench.md").write_text(report.as_markdown(about, outcomes, rounds))
    (out / "bench.json").write_text(json.dumps(report.as_json(about, outcomes), indent=1) + "\n")
    for one in outcomes:
        if one.scenario == "hits" and one.cells:
            title = f"Hits a second, 32 connections, {about['processor']}"
            (out / "hits.svg").write_text(chart.draw(one, "a second", "32", title, own=hits.OURS))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed")
    parser.add_argument("--only", type=_names, default=list(SCENARIOS), help=f"of {','.join(SCENARIOS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of one load")
    parser.add_argument("--ten-million", action="store_true", help="let the table grow to 10^7 predictions")
    parser.add_argument("--memory-minutes", type=float, default=10, help="at full load before memory is read")
    parser.add_argument("--out", type=Path, default=Path(".local/bench"), help="folder of the results")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := sorted(set(names) - set(SCENARIOS)):
        raise argparse.ArgumentTypeError(f"no scenario: {', '.join(unknown)}")
    return names


if __name__ == "__main__":
    main()
