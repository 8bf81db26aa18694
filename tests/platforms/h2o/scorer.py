"""The sample's model as a MOJO, and H2O's scoring library behind its REST protocol."""

import csv
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.platforms.h2o.booster import put_booster
from tests.platforms.processes import running
from tests.platforms.sample import SampleModel
from tests.platforms.venvs import platform_venv
from tests.support.ports import free_ports

HERE = Path(__file__).parent
DEPLOYMENT = "822fcf3d-6d4c-4948-a71b-2d0b46db82a9"


@dataclass(frozen=True)
class Mojo:
    """A model, and the library of the H2O release that exported it."""

    path: Path
    library: Path


def make_mojo(sample: SampleModel, folder: Path) -> Mojo:
    """Let H2O export a model of the sample's training rows, and put the sample's own trees into it."""
    table = folder / "training.csv"
    rows, minutes = sample.training()
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*sample.features, "minutes"])
        writer.writerows([*row, minute] for row, minute in zip(rows, minutes, strict=True))
    programs = platform_venv("h2o")
    with _running_h2o(programs) as server, (folder / "export.log").open("wb") as log:
        command: list[str | Path] = [programs / "python", HERE / "export_mojo.py", server, table, folder]
        subprocess.run(command, stdout=log, stderr=log, check=True)
    put_booster(folder / "model.zip", sample.booster, folder / "sample.zip")
    return Mojo(folder / "sample.zip", folder / "h2o-genmodel.jar")


@contextmanager
def _running_h2o(programs: Path) -> Iterator[str]:
    """H2O's own server, which unpacks 150 MB of libraries; gives its address."""
    (server,) = programs.parent.glob("lib/python*/site-packages/h2o/backend/bin/h2o.jar")
    port = free_ports(1)[0]  # and the next one, for the other servers of its cluster
    with TemporaryDirectory() as name:
        members = Path(name, "members.txt")  # without such a list it looks for others on the network
        members.write_text(f"127.0.0.1:{port}")
        java: list[str | Path] = ["java", "-Xmx1g", f"-Djava.io.tmpdir={name}", "-jar", server]
        java += ["-ip", "127.0.0.1", "-web_ip", "127.0.0.1", "-port", str(port)]
        java += ["-flatfile", members, "-ice_root", name, "-nthreads", "1"]
        url = f"http://127.0.0.1:{port}"
        with running(java, folder=Path(name), ready=f"{url}/3/Cloud"):
            yield url


@contextmanager
def running_scorer(mojo: Mojo, folder: Path, token: str) -> Iterator[str]:
    """Serve the model to whoever has the token; gives the address of its scores."""
    port = free_ports(1)[0]
    java: list[str | Path] = ["java", "-Xmx256m", "-cp", mojo.library, HERE / "Scorer.java"]
    command = [*java, mojo.path, str(port), DEPLOYMENT]
    base = f"http://127.0.0.1:{port}/{DEPLOYMENT}"
    with running(command, folder=folder, env={"TOKEN": token}, ready=f"{base}/readyz"):
        yield f"{base}/model/score"
