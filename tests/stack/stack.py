"""The Docker stack under test: a compose project of its own, with its own ports, volumes and image."""

import json
import os
import re
import secrets
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from tests.support.ports import free_ports

ROOT = Path(__file__).parents[2]
PROJECT = f"stack-test-{secrets.token_hex(4)}"
"""Another one in every run, so that two on one machine do not meet."""
EXAMPLE = "B679-20130101-JFK-MCO"
"""A record of the sample."""
KEY_COMMAND = re.compile(r"docker compose (exec .*)")
"""What `ready` says of how to read the first key."""
UP_SECONDS = 300
PAUSE = 0.25
"""Seconds between two looks at something that is waited for."""


class Failed(Exception):
    """A check did not hold."""


class Stack:
    """Drives ``docker compose`` as a user would; ``folder`` keeps its .env and override files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        api, nginx, pooled = free_ports(3)
        self.api, self.nginx, self.pooled = map(_client, (api, nginx, pooled))
        values = {"IMAGE": PROJECT, "API_PORT": api, "NGINX_PORT": nginx, "POOLED_PORT": pooled}
        (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))

    def command(self, *arguments: str, override: str | None = None) -> list[str]:
        """The compose command; ``override`` is the YAML of a second file."""
        files = ["-f", str(ROOT / "docker-compose.yml")]
        if override is not None:
            file = self._folder / f"{secrets.token_hex(4)}.yml"
            file.write_text(override)
            files += ["-f", str(file)]
        start = ["docker", "compose", "-p", PROJECT, "--env-file", str(self._folder / ".env")]
        return [*start, *files, *arguments]

    def compose(self, *arguments: str, override: str | None = None) -> str:
        """Run a compose command; its standard output."""
        return run(self.command(*arguments, override=override))

    def begin(self, *arguments: str, override: str | None = None) -> subprocess.Popen[bytes]:
        """Start a compose command that may take a while."""
        return subprocess.Popen(
            self.command(*arguments, override=override),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def up(self, *profiles: str) -> None:
        """Bring the stack up, and wait until all of it is healthy and the sample is loaded."""
        chosen = [part for profile in profiles for part in ("--profile", profile)]
        self.compose(*chosen, "up", "--detach", "--wait", "--wait-timeout", str(UP_SECONDS))
        self.take_key()

    def take_key(self) -> None:
        """Read the first key as the log says, and call with it from now on."""
        [command] = KEY_COMMAND.findall(self.compose("logs", "--no-log-prefix", "--tail", "1", "ready"))
        key = self.compose(*command.split()).strip()
        for client in (self.api, self.nginx, self.pooled):
            client.headers["Authorization"] = f"Bearer {key}"

    def scale(self, service: str, count: int) -> None:
        """Have ``count`` healthy containers of a service."""
        self.compose("up", "--detach", "--wait", "--no-deps", "--scale", f"{service}={count}", service)

    def down(self, *, volumes: bool) -> None:
        """Remove the containers, and with ``volumes`` what they kept."""
        flags = ["--volumes"] if volumes else []
        self.compose("--profile", "*", "down", "--remove-orphans", "--timeout", "20", *flags)

    def containers(self, service: str) -> list[str]:
        return self.compose("--profile", "*", "ps", "--all", "--quiet", service).split()

    def container(self, service: str) -> str:
        ids = self.containers(service)
        if not ids:
            raise Failed(f"There is no container of {service}.")
        return ids[0]

    def logs(self, service: str, since: float) -> list[str]:
        """The lines that a service logged since then."""
        flags = ("--no-log-prefix", "--no-color", "--since", f"{since:.3f}")
        lines = self.compose("--profile", "*", "logs", *flags, service).splitlines()
        return [line.removeprefix("\x1b[2K") for line in lines]  # compose clears the line, in files too

    def log_line(self, service: str, *words: str, since: float) -> str:
        """The newest line that ``service`` logged since then with all the words in it."""
        for line in reversed(self.logs(service, since)):
            if all(word in line for word in words):
                return line
        raise Failed(f"{service} logged no line with {' and '.join(words)}")

    def secret_values(self) -> list[str]:
        """The passwords that were made, as their files have them, and the first key."""
        paths = (
            "/secrets/db/app_password",
            "/secrets/db/owner_password",
            "/secrets/db/admin_password",
            "/secrets/s3/secret_key",
        )
        flags = [f"--volume={PROJECT}_{name}-secrets:/secrets/{name}:ro" for name in ("db", "s3")]
        helper = ["docker", "run", "--rm", "--network", "none", *flags, "--entrypoint", "cat", PROJECT]
        key = self.compose("exec", "-T", "ready", "cat", "/secrets/key/first").strip()
        return [*(run([*helper, path]) for path in paths), key]

    def sql(self, statement: str) -> str:
        """What the database answers its superuser."""
        psql = ("psql", "-U", "postgres", "-d", "app", "-qtAc", statement)
        return self.compose("exec", "--no-TTY", "db", *psql).strip()


def _client(port: int) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)


def environment() -> dict[str, str]:
    """What docker needs of our environment: a variable of the user's would replace one of the .env file."""
    kept = ("PATH", "HOME", "XDG_RUNTIME_DIR")
    return {name: value for name, value in os.environ.items() if name in kept or name.startswith("DOCKER_")}


def run(command: Sequence[str]) -> str:
    done = subprocess.run(
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).splitlines()[-15:])
        raise Failed(f"`{' '.join(command[-6:])}` ended with {done.returncode}:\n{said}")
    return done.stdout


def wait_until(what: str, condition: Callable[[], bool], seconds: float) -> float:
    """Wait for the condition, and give how long that took; a service that does not answer is no failure."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        try:
            if condition():
                return time.monotonic() - began
        except httpx.TransportError:
            pass
        time.sleep(PAUSE)
    raise Failed(f"Not within {seconds:.0f} s: {what}")


def state(container: str) -> tuple[bool, int, str]:
    """Whether a container runs, how often it was restarted by its policy, and its health ("" without)."""
    [seen] = json.loads(run(["docker", "inspect", container]))
    return seen["State"]["Running"], seen["RestartCount"], seen["State"].get("Health", {}).get("Status", "")


def kill(container: str) -> None:
    """End the container's process as a crash would.

    ``docker kill`` will not do: the engine takes it for a wish, and does not apply the restart policy.
    """
    pid = run(["docker", "inspect", "--format", "{{.State.Pid}}", container]).strip()
    helper = ["docker", "run", "--rm", "--pid", "host", "--network", "none", "--user", "0"]
    run([*helper, "--entrypoint", "sh", PROJECT, "-c", f"kill -9 {pid}"])


def is_live(client: httpx.Client) -> bool:
    return client.get("/health/live").status_code == 200


def is_ready(client: httpx.Client) -> bool:
    answer = client.get("/health/ready")
    return answer.status_code == 200 and answer.json()["status"] == "ok"
