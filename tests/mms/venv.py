"""Venvs of AWS's servers, which want older packages than ours."""

import subprocess
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]


def mms_venv() -> Path:
    """That of the multi-model-server; see own_venv."""
    return own_venv("mms-venv", Path(__file__).with_name("requirements.txt"))


def own_venv(name: str, requirements: Path, *options: str) -> Path:
    """The folder of its programs; made at first use and whenever the requirements change."""
    folder = ROOT / ".local" / name
    stamp, wanted = folder / "installed.txt", requirements.read_text()
    if not stamp.is_file() or stamp.read_text() != wanted:
        venv.create(folder, clear=True, with_pip=True)
        install = ["-m", "pip", "install", "-qq", "--require-hashes", *options, "-r", str(requirements)]
        subprocess.run([folder / "bin" / "python", *install], check=True)
        stamp.write_text(wanted)
    return folder / "bin"
