"""The promises of the cache, held against random interleavings.

A run of the suite tries a few; `make test-cache INTERLEAVINGS=10000` tries more, and
ARGS="--hypothesis-seed=N" repeats a run.
"""

import asyncio
import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from app.backends import registry
from app.core.settings import Settings
from app.db.engine import open_database
from tests.trust import store
from tests.trust.machine import Interleavings
from tests.trust.processes import start
from tests.trust.steps import World

HOW_MANY = int(os.environ.get("INTERLEAVINGS", "60"))
STEPS = 30


@pytest.mark.timeout(0)  # which depends on how many are asked for
def test_no_answer_breaks_a_promise(
    settings_with_patience: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.BACKENDS, "platform", "tests.trust.platform")
    with asyncio.Runner() as runner:
        database = open_database(settings_with_patience)
        runner.run(store.prepare(database))
        processes = [runner.run(start(settings_with_patience, database, "c1")) for _ in range(2)]
        Interleavings.world = World(runner, database, processes)
        try:
            run_state_machine_as_test(
                Interleavings,
                settings=settings(
                    max_examples=HOW_MANY,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                    phases=(Phase.generate,),  # what is made smaller would have another timing
                    print_blob=True,
                ),
            )
        finally:
            for process in processes:
                runner.run(process.aclose())
            runner.run(database.aclose())


@pytest.fixture
def settings_with_patience(settings: Settings) -> Settings:
    """No failure is kept from being tried again, and no lease ends by itself."""
    return settings.model_copy(update={"failure_hold": 0.01, "claim_lease": 600.0, "predict_timeout": 60.0})
