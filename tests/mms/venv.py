"""The venv of AWS's multi-model-server, which wants older packages than ours."""

import subprocess
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
FOLDER = ROOT / ".local" / "mms-venv"


def mms_venv() -> Path:
    """The folder of its programs; made at first use and whenever the requirements change."""
    stamp, wanted = FOLDER / "installed.txt", REQUIREMENTS.read_text()
    if not stamp.is_file() or stamp.read_text() != wanted:
        venv.create(FOLDER, clear=True, with_pip=True)
        install = ["-m", "pip", "install", "-qq", "--require-hashes", "-r", str(REQUIREMENTS)]
        subprocess.run([FOLDER / "bin" / "python", *install], check=True)
        stamp.write_text(wanted)
    return FOLDER / "bin"
