"""Old spellings of commands, which go on working for a release."""

import sys
from collections.abc import Sequence

MANY = ("--all", "--ids-file", "--where", "--since", "--until", "--time-field", "--engine", "--store-as")
"""Options of ``predict`` that say which records a job is about, and how it is done."""


def as_now(arguments: Sequence[str]) -> list[str]:
    """The arguments as they are spelt now, with a note on standard error where that differs."""
    match list(arguments):
        case ["predict", *rest] if "--help" not in rest and (now := _job(rest)):
            return _noted(now)
        case ["evaluate", "history", *rest] if "--csv" in rest:
            at = rest.index("--csv")
            return _noted(["evaluate", "history", *rest[:at], "--format", "csv", *rest[at + 1 :]])
        case given:
            return given


def _job(rest: Sequence[str]) -> list[str]:
    """What ``predict`` did with jobs; empty where it is about none."""
    options = rest[: rest.index("--")] if "--" in rest else rest  # behind it are ids, whatever they look like
    if (named := _taken(options, "--job")) is not None:
        job, others = named
        return ["jobs", "results" if any(_is(one, "--output") for one in others) else "show", job, *others]
    if any(_is(one, option) for one in options for option in MANY):
        return ["jobs", "start", *rest]
    return []


def _taken(rest: Sequence[str], option: str) -> tuple[str, list[str]] | None:
    """An option's value, and the arguments without it."""
    for place, one in enumerate(rest):
        if one == option and place + 1 < len(rest):
            return rest[place + 1], [*rest[:place], *rest[place + 2 :]]
        if one.startswith(f"{option}="):
            return one.partition("=")[2], [*rest[:place], *rest[place + 1 :]]
    return None


def _is(argument: str, option: str) -> bool:
    return argument == option or argument.startswith(f"{option}=")


def _noted(now: list[str]) -> list[str]:
    shown = " ".join(now[:3] if now[1] == "results" else now[:2])
    sys.stderr.write(f"Note: this is `{shown}` now; the old spelling goes with the next release.\n")
    return now
