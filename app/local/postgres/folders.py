"""Where a local Postgres lives on disk, and where its socket does."""

import hashlib
import os
import re
import stat
from pathlib import Path

from app.core.errors import Misconfigured
from app.local.postgres.programs import Account, run_as

# The address of a Unix socket ends at 103 bytes on macOS (107 on Linux), "/.s.PGSQL.5432.lock" included;
# a comma separates hosts in a URL, and other characters need quoting that clients disagree about.
PLAIN_SHORT_PATH = re.compile(r"[A-Za-z0-9_./-]{1,80}")

STAND_INS = Path("/var/lib")


def choose_root(folder: Path, account: Account | None) -> Path:
    """``folder``, made where it is missing, or its stand-in where the server's account cannot enter it."""
    folder = folder.expanduser().resolve()
    if account is None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
    stand_in = STAND_INS / f"sagemaker-fastapi-{_digest(folder)}"
    root = stand_in if (stand_in / "cluster").exists() else _make_passable(folder)
    if not _can_enter(root, account) and not (root / "cluster").exists():
        root = _make_passable(stand_in)
    if not _can_enter(root, account):
        raise Misconfigured(f"The user that runs Postgres (number {account.uid}) may not enter {root}.")
    return root


def _make_passable(folder: Path) -> Path:
    """Make the folder so that others may pass through it, not list it. One that exists keeps its mode."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o711)
    return folder


def _can_enter(folder: Path, account: Account) -> bool:
    return run_as(account, ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]).returncode == 0


def socket_folder(root: Path, account: Account | None) -> Path:
    """A folder that only the server's account (and root) may enter, with a path short enough for a socket."""
    folder = root / "run"
    if not PLAIN_SHORT_PATH.fullmatch(str(folder)):
        folder = Path("/tmp").resolve() / f"sagemaker-fastapi-{_digest(root)}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(folder, *account, follow_symlinks=False)
    found = folder.lstat()
    owner = account.uid if account else os.geteuid()
    # /tmp is everyone's: somebody else may have made a folder of this name first, to listen in.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:
        raise Misconfigured(f"{folder} is not a private folder of ours; remove it.")
    return folder


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
