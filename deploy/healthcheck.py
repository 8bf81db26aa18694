"""``python -IS healthcheck.py [ready] [PROC]``: 0 if what this container was started for works.

The service answers /health/live (or /health/ready, if asked for that) where HOST and PORT or its options say,
the local endpoint /ping, and a worker touches WORKER_ALIVE_FILE. Other commands, which end by themselves, are
not looked at. PROC is where the system tells of processes. The image has no curl.
"""

import http.client
import os
import sys
import time
from pathlib import Path

SECONDS = 4
"""For an answer; a check of the image has five."""
MOST_AGE = 30
"""Seconds since a worker touched its file, which it does every two while its database answers."""
EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where to ask whoever listens on all addresses."""


def main():
    ready = "ready" in sys.argv[1:]
    rest = [one for one in sys.argv[1:] if one != "ready"]
    if len(rest) > 1:
        sys.exit("Usage: python -IS healthcheck.py [ready] [PROC]. Ports and paths are found by the command.")
    module, arguments = started(Path(*rest or ["/proc"]))
    if module == "app.local.endpoint":
        ask(option(arguments, "--host") or "127.0.0.1", option(arguments, "--port") or "8001", "/ping")
    elif arguments[:1] == ["serve"]:
        host = option(arguments, "--host") or setting("HOST")
        ask(
            host,
            option(arguments, "--port") or setting("PORT") or "8000",
            f"/health/{'ready' if ready else 'live'}",
        )
    elif arguments[:1] == ["worker"]:
        look(setting("WORKER_ALIVE_FILE"))


def started(proc):
    """The module that the first process of ours runs, and its arguments; nothing if there is none."""
    numbers = sorted(int(folder.name) for folder in proc.iterdir() if folder.name.isdecimal())
    for number in numbers:
        try:
            words = (proc / str(number) / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
        except OSError:  # it has ended meanwhile
            continue
        for place, module in enumerate(words[1:], 1):
            if words[place - 1] == "-m" and module in ("app", "app.local.endpoint"):
                return module, words[place + 1 :]
    return "", []


def option(arguments, name):
    """Its value, the last one if it is given twice."""
    found = ""
    for one, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if one == name:
            found = following
        elif one.startswith(f"{name}="):
            found = one.partition("=")[2]
    return found


def setting(name):
    """Its value in the environment, else in the folder SECRETS_DIR; names in small letters count as well."""
    for variable, value in os.environ.items():
        if variable.upper() == name:
            return value
    folder = os.environ.get("SECRETS_DIR")
    for path in Path(folder).iterdir() if folder else ():
        if path.name.upper() == name and path.is_file():
            return path.read_text().strip()
    return ""


def whole(text):
    """The number, read as the service reads it: blanks around it and a carriage return, as files of
    variables from Windows have them, are none of it. 0 where it is none."""
    try:
        return int(text)
    except ValueError:
        return 0


def ask(host, port, path):
    """By the name that is taken always, whatever ALLOWED_HOSTS says."""
    number = whole(port)
    if not 0 < number < 65536:
        sys.exit(f"PORT is {port!r}: give the service a port from 1 to 65535.")
    address = EVERYWHERE.get(host, host)
    connection = http.client.HTTPConnection(address, number, timeout=SECONDS)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        response = connection.getresponse()
        said = response.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"No answer from {address}, port {number}: {error}")
    if response.status != 200:
        sys.exit(f"{response.status} {said}")


def look(file):
    """Without a file there is nothing to go by, and the process lives."""
    if not file:
        return
    try:
        age = time.time() - Path(file).stat().st_mtime
    except OSError as error:
        sys.exit(f"The worker has not touched {file}: {error.strerror}")
    if age > MOST_AGE:
        sys.exit(f"The worker last touched {file} {age:.0f} seconds ago: does its database answer?")


if __name__ == "__main__":
    main()
