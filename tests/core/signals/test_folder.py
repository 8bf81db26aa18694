"""The totals of several processes in one folder."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from app.core.signals import Histogram, RequestKey
from app.core.signals import folder as module
from app.core.signals.folder import Folder
from app.core.signals.totals import FORM, Totals

KEY = RequestKey("/records", "GET", "2xx")
ONE_OF_THEM = """
import sys
from pathlib import Path
from app.core.signals import Histogram, RequestKey
from app.core.signals.folder import Folder
from app.core.signals.totals import Totals
folder, seen = Folder(Path(sys.argv[1])), Histogram()
seen.note(0.001, 10)
folder.write(Totals(requests={RequestKey("/records", "GET", "2xx"): seen}, gauges={("processes", ()): 1.0}))
print(flush=True)
sys.stdin.readline()
"""


@contextmanager
def process(path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """One that has counted ten requests, and waits."""
    command = [sys.executable, "-c", ONE_OF_THEM, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            yield other
        finally:
            other.kill()


def counted(count: int) -> Totals:
    seen = Histogram()
    seen.note(0.001, count)
    return Totals(requests={KEY: seen}, gauges={("processes", ()): 1.0})


def told(folder: Folder) -> tuple[int, float]:
    """Requests, and processes that live."""
    found = folder.read()
    return found.requests[KEY].count, found.gauges["processes", ()]


def test_one_that_is_killed_stays_in_the_sum_and_not_in_the_gauges(tmp_path: Path) -> None:
    ours = Folder(tmp_path)
    ours.write(counted(1))
    with process(tmp_path) as first, process(tmp_path):
        assert told(ours) == (21, 3)
        first.kill()
        first.wait()
        assert told(ours) == (21, 2)
        ours.write(counted(2))  # in place of what it wrote before
        assert told(ours) == (22, 2)
    ours.leave()


def test_what_the_ended_leave_is_swept_and_stays_in_the_sum(tmp_path: Path) -> None:
    for _ in range(5):
        with process(tmp_path):
            pass
    ours = Folder(tmp_path)
    ours.write(counted(1))
    assert told(ours) == (51, 1)
    assert len(list(tmp_path.iterdir())) == 4
    ours.leave()


@pytest.mark.parametrize("kept", range(5))
def test_a_sweep_that_is_cut_short_counts_nothing_twice(tmp_path: Path, kept: int) -> None:
    """``kept``: after so many of its steps that change something."""
    with process(tmp_path):
        pass
    steps = iter(range(kept))

    def cut(step: object) -> object:
        def do(*arguments: object, **more: object) -> object:
            if next(steps, None) is None:
                raise KeyboardInterrupt
            assert callable(step)
            return step(*arguments, **more)

        return do

    with ExitStack() as cutting:
        patch = cutting.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(module, "_put", cut(module._put))
        patch.setattr(Path, "unlink", cut(Path.unlink))
        with pytest.raises(KeyboardInterrupt):
            Folder(tmp_path)
    ours = Folder(tmp_path)
    ours.write(counted(1))
    assert told(ours) == (11, 1)
    ours.leave()


def test_totals_are_read_as_they_were_written() -> None:
    before = counted(3)
    assert Totals.of_json(before.to_json()).to_json() == before.to_json()


def test_what_another_release_wrote_is_left_alone() -> None:
    written = counted(3).to_json().replace(f'"form":[{FORM[0]},', '"form":[0,')
    assert Totals.of_json(written).requests == {}
