"""Every command by its name, in groups. To read this imports nothing of what they need."""

from collections.abc import Mapping
from typing import NamedTuple


class LateCommand(NamedTuple):
    """``place`` is module:name of a function or a Typer app; ``says`` what a list of commands says of it."""

    place: str
    says: str
    hidden: bool = False


GROUPS: Mapping[str, Mapping[str, LateCommand]] = {
    "Begin": {
        "demo": LateCommand(
            "app.cli.local:demo",
            "Run the worked example on this machine, with a Postgres and a SageMaker endpoint of its own.",
        ),
        "dev": LateCommand(
            "app.cli.local:dev", "Run the service on your own files, and start it anew at each save."
        ),
        "dev-service": LateCommand(
            "app.cli.local:service",
            "The service that `dev` starts, on the file descriptors of a socket and of a pipe.",
            hidden=True,
        ),
        "init": LateCommand(
            "app.cli.init:init",
            "Write the four files that make a service of your own. What was edited is never overwritten.",
        ),
        "sample": LateCommand("app.cli.parts.sample:commands", "The worked example."),
        "code": LateCommand(
            "app.cli.code:code",
            "Show what a prediction's key knows of your code: a change of any of it makes all of them anew.",
        ),
    },
    "Run": {
        "serve": LateCommand(
            "app.cli.serve:serve",
            "Run the service. Put a proxy before it that ends TLS. For others than this machine it needs a"
            " key.",
        ),
        "worker": LateCommand(
            "app.cli.worker:worker",
            "Work on evaluations and prediction jobs, on as many machines as wanted.",
        ),
        "migrate": LateCommand(
            "app.cli.migrate:migrate",
            "Bring the database to the newest migration. Several may start at once: one migrates.",
        ),
        "storage": LateCommand("app.cli.parts.storage:commands", "The S3 storage."),
    },
    "Predict": {
        "models": LateCommand("app.cli.models.models:commands", "Models, their versions, and which is live."),
        "records": LateCommand(
            "app.cli.records.records:commands", "Input objects and the truths about them."
        ),
        "predict": LateCommand(
            "app.cli.predict:predict", "Predict records now. `jobs start` has workers predict many."
        ),
        "jobs": LateCommand(
            "app.cli.jobs:commands", "Prediction jobs: many records, predicted by the workers."
        ),
        "predictions": LateCommand("app.cli.predictions:commands", "The log of what was predicted."),
        "operations": LateCommand("app.cli.operations:commands", "Predictions that are answered later."),
    },
    "Judge": {
        "evaluate": LateCommand("app.cli.evaluate:commands", "Evaluation runs and their reports."),
        "schedules": LateCommand(
            "app.cli.models.schedules:commands", "Evaluations that begin by themselves, by cron expressions."
        ),
    },
    "Look after": {
        "overview": LateCommand(
            "app.cli.parts.overview:overview",
            "What was answered, how fast, what failed and what the cache saved.",
        ),
        "doctor": LateCommand(
            "app.cli.parts.doctor:doctor",
            "Look at all that the service needs, and say of each fault what to do about it.",
        ),
        "keys": LateCommand("app.cli.access.keys:commands", "The keys of callers."),
        "audit": LateCommand("app.cli.access.audit:audit", "Show who did what, the newest first."),
        "completion": LateCommand(
            "app.cli.program.completion:completion", "Print what has a shell complete these commands."
        ),
    },
}
COMMANDS = {name: late for group in GROUPS.values() for name, late in group.items()}
