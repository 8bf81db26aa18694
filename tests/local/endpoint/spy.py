"""What artifacts of the tests import to be watched and held: they run in this process."""

import threading

loads: list[str] = []
"""One entry per run of a ``model_fn`` that reports here."""
entered = threading.Event()
"""Set by an artifact that is about to wait."""
gate = threading.Event()
"""What it waits for."""

LOADS = """
    from tests.local.endpoint import spy

    def model_fn(model_dir):
        spy.loads.append("{name}")
        return "{name}"

    def input_fn(body, content_type):
        return body

    def predict_fn(body, model):
        return model
"""

WAITS_TO_LOAD = """
    from tests.local.endpoint import spy

    def model_fn(model_dir):
        spy.entered.set()
        spy.gate.wait(60)

    def predict_fn(rows, model):
        return rows
"""

WAITS_TO_PREDICT = """
    from pathlib import Path
    from tests.local.endpoint import spy

    def model_fn(model_dir):
        return Path(model_dir)

    def predict_fn(rows, folder):
        spy.entered.set()
        spy.gate.wait(60)
        return (folder / "code" / "inference.py").exists()
"""


def reset() -> None:
    loads.clear()
    entered.clear()
    gate.clear()
