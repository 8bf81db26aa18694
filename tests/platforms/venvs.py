"""A venv for each hosting platform's own server: together they weigh gigabytes and exclude each other."""

import fcntl
import subprocess
import venv
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".platforms"


def platform_venv(name: str, beside: Path = Path(__file__)) -> Path:
    """The folder of its programs; made at first use and whenever ``NAME/requirements.txt`` changes, which is
    ``beside`` a file."""
    requirements = beside.with_name(name) / "requirements.txt"
    folder = FOLDER / name
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs may want it at once
        stamp, wanted = folder / "installed.txt", requirements.read_text()
        if not stamp.is_file() or stamp.read_text() != wanted:
            venv.create(folder, clear=True, with_pip=True)
            install = ["-m", "pip", "install", "-qq", "--no-compile", "-r", str(requirements)]
            subprocess.run([folder / "bin" / "python", *install], check=True)
            stamp.write_text(wanted)
    return folder / "bin"
