"""Bringing the server of a folder up, whatever state the last one was left in."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import Misconfigured
from app.local.postgres import supervisor
from app.local.postgres.cluster import SUPERUSER, Cluster, start_failure
from app.local.postgres.programs import ENVIRONMENT, Programs

PORT = 5432
"""Only part of the socket's name: nothing listens on TCP."""
START_SECONDS = 60
POLL_SECONDS = 0.03
NO_PROCESS = "2147483646"  # beyond the highest process number of any system

# After a kill -9 of the server its children take a moment to go, and Postgres rightly refuses until then.
PASSING = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')


@dataclass(frozen=True)
class Server:
    root: Path
    cluster: Cluster
    programs: Programs
    sockets: Path
    durable: bool

    def bring_up(self) -> None:
        """Return once the server answers. The caller holds start.lock, and its own lock on users.lock."""
        log = self.root / "server.log"
        seen: int | None = None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._is_watched():
                if self._answers():
                    return
            elif not self._stop_unwatched():
                if seen is not None:
                    _check_passing(log, seen)
                self._void_pid_file()
                seen = self._launch(log)
            time.sleep(POLL_SECONDS)
        raise Misconfigured(f"Postgres did not answer within {START_SECONDS} seconds; see server.log.")

    def _is_watched(self) -> bool:
        try:
            with (self.root / "supervisor.lock").open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def _stop_unwatched(self) -> bool:
        """Whether a server whose supervisor was killed still runs; it is told to stop."""
        pid = "".join(self._pid_file()[:1])
        if not pid.isdigit() or not self._is_ours(int(pid)):
            return False
        with suppress(ProcessLookupError):  # it just ended
            os.kill(int(pid), signal.SIGINT)
        return True

    def _void_pid_file(self) -> None:
        """Make a postmaster.pid that was left behind name no process, since its number may be anyone's now.

        The file is never deleted: its shared-memory key keeps a second server off data that children of
        the first still use. That of the socket only has the number, and lies in a folder of ours alone.
        """
        if lines := self._pid_file():
            self._pid_path().write_text("\n".join([NO_PROCESS, *lines[1:]]))
        (self.sockets / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _launch(self, log: Path) -> int:
        """Start a supervisor, which starts the server; returns where in the log that begins."""
        command = [sys.executable, "-I", "-S", supervisor.__file__, str(self.root), *self._command()]
        with os.fdopen(os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "ab") as said:
            begin = said.seek(0, os.SEEK_END)
            done = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,
            )
        if done.returncode != 0:
            raise Misconfigured("Postgres cannot start: its supervisor failed; see server.log.")
        return begin

    def _command(self) -> list[str]:
        options = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "60",
            "shared_buffers": "64MB",
            "log_error_verbosity": "terse",  # a DETAIL holds the row
        }
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs.folder / "postgres"), "-D", str(self.cluster.data), *settings]

    def _pid_path(self) -> Path:
        return self.cluster.data / "postmaster.pid"

    def _pid_file(self) -> list[str]:
        """Its lines: process, data folder, start, port, sockets, address, shared memory, status."""
        try:
            return self._pid_path().read_text().split("\n")
        except FileNotFoundError:
            return []

    def _is_ours(self, pid: int) -> bool:
        return b" -D " + os.fsencode(self.cluster.data) + b" " in _command_line(pid)

    def _answers(self) -> bool:
        """Log in, and make sure that it is this data folder which answers."""
        status = self._pid_file()[7:8]
        if not status or status[0].strip() != "ready":
            return False
        done = self.programs.run(
            "psql",
            *("--no-psqlrc", "--no-align", "--tuples-only", "--command=show data_directory"),
            *(f"--host={self.sockets}", f"--port={PORT}", f"--username={SUPERUSER}", "--dbname=postgres"),
            environment={"PGPASSWORD": self.cluster.password(SUPERUSER), "PGCONNECT_TIMEOUT": "5"},
        )
        return done.returncode == 0 and done.stdout.strip() == str(self.cluster.data)


def _command_line(pid: int) -> bytes:
    """The command of a process, words parted by spaces; empty where there is no such process."""
    if Path("/proc/self").exists():  # small Linux images have no ps
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        except (FileNotFoundError, ProcessLookupError):
            return b""
    ps = ["ps", "-ww", "-p", str(pid), "-o", "command="]
    return subprocess.run(ps, check=False, capture_output=True).stdout


def _check_passing(log: Path, begin: int) -> None:
    """Raise what stopped the server, unless another try may go well."""
    with log.open("rb") as file:
        file.seek(begin)
        said = file.read().decode(errors="replace")
    if not any(words in said for words in PASSING):
        raise start_failure(said)
