"""A process among others on its port."""

import os
from pathlib import Path
from time import sleep

import pytest

from app.cli.serving import _shared_metrics
from app.core.errors import Misconfigured
from app.core.settings import Settings
from app.core.signals import Histogram, RequestKey, requests
from app.core.signals.folder import Folder
from app.core.signals.totals import Totals
from app.services.signals import processes as module
from app.services.signals.opening import open_processes
from app.services.signals.processes import SharedTotals
from tests.core.signals.test_folder import KEY, process
from tests.support.eventually import until

ALIVE = "processes", ()
OWN = RequestKey("/own", "GET", "2xx")


@pytest.fixture(autouse=True)
def _counted(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Histogram()
    seen.note(0.01, 3)
    monkeypatch.setitem(requests, OWN, seen)


async def test_it_tells_its_own_with_those_of_the_others(tmp_path: Path) -> None:
    ours = SharedTotals(tmp_path)
    ours.gauges = lambda: {ALIVE: 1.0}
    ours.begin()
    with process(tmp_path) as other:
        found = await ours.totals()
        assert (found.requests[OWN].count, found.gauges[ALIVE]) == (3, 2)
        seen = found.requests[KEY].count
        other.kill()
        other.wait()
        requests[OWN].note(0.01)
        found = await ours.totals()
        assert (found.requests[OWN].count, found.requests[KEY].count) == (4, seen)
        assert found.gauges[ALIVE] == 1
    await ours.aclose()

    after = SharedTotals(tmp_path)  # which counts what this process counts, too
    assert (await after.totals()).requests[OWN].count == 4 + 4
    after.begin()
    await after.aclose()


async def test_it_writes_without_being_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.01)
    monkeypatch.setattr(module, "SHARE", 1.0)
    ours = SharedTotals(tmp_path)
    ours.begin()
    for _ in range(2):
        await until(lambda: requests[OWN].count in written(tmp_path))
        requests[OWN].note(0.01)
    await ours.aclose()


async def test_what_a_write_waits_for_makes_no_longer_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Folder.write

    def on_a_busy_machine(folder: Folder, totals: Totals) -> None:
        sleep(0.1)
        real(folder, totals)

    monkeypatch.setattr(module, "PAUSE", 0.01)
    monkeypatch.setattr(module, "SHARE", 0.001)
    monkeypatch.setattr(Folder, "write", on_a_busy_machine)
    ours = SharedTotals(tmp_path)
    ours.begin()
    for _ in range(2):  # the second would come after 100 s
        await until(lambda: requests[OWN].count in written(tmp_path))
        requests[OWN].note(0.01)
    await ours.aclose()


def written(folder: Path) -> list[int]:
    """How many requests the files there tell of."""
    return [Totals.of_json(one.read_text()).requests[OWN].count for one in folder.glob("*.totals")]


async def test_a_folder_that_is_lost_leaves_it_its_own(tmp_path: Path) -> None:
    ours = SharedTotals(tmp_path / "shared")
    for one in (tmp_path / "shared").iterdir():
        one.unlink()
    (tmp_path / "shared").rmdir()
    for _ in range(2):
        assert (await ours.totals()).requests[OWN].count == 3


async def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "file").touch()
    wrong = settings.model_copy(update={"metrics_folder": tmp_path / "file"})
    with pytest.raises(Misconfigured, match="METRICS_FOLDER cannot be used: File exists"):
        async with open_processes(wrong):
            pass


def test_several_processes_are_given_a_folder_that_goes_with_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("METRICS_FOLDER", raising=False)
    with _shared_metrics(settings):
        made = Path(os.environ["METRICS_FOLDER"])
        assert made.stat().st_mode & 0o777 == 0o700
    assert not made.exists()
    monkeypatch.delenv("METRICS_FOLDER")
