"""``python -IS make_secrets.py FOLDER GIVEN``: the passwords of the Docker stack, as files for its parts.

GIVEN has a line NAME=value for each: such a value is used. Where it is empty one is made by chance, once, and
kept. Each folder in FOLDER is a volume of its own, which only those mount who need what is in it.
"""

import json
import os
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

FILES = {
    "DB_PASSWORD": "db/app_password",
    "DB_OWNER_PASSWORD": "db/owner_password",
    "DB_ADMIN_PASSWORD": "db/admin_password",
    "S3_ACCESS_KEY": "s3/access_key",
    "S3_SECRET_KEY": "s3/secret_key",
    "GRAFANA_PASSWORD": "grafana/admin_password",
}


def main(folder: Path, given: Path) -> None:
    """Make what is missing, and derive the rest anew from what is there."""
    wanted = parse(given.read_text())
    values = {
        name: wanted[name] or _read(folder / path) or secrets.token_hex(16) for name, path in FILES.items()
    }
    files = {path: values[name] for name, path in FILES.items()} | derived(values)
    changed = [path for path, text in files.items() if _read(folder / path) != text]
    for path in changed:
        try:
            _write(folder / path, files[path])
        except OSError as error:
            sys.exit(f"{folder / path} cannot be written: {error.strerror}.")
    sys.stdout.write(f"Wrote {', '.join(changed)}.\n" if changed else "All secrets are there.\n")


def parse(text: str) -> dict[str, str]:
    """The given values by name; "" where one is to be made."""
    lines = text.removesuffix("\n").split("\n")
    parted = [line.partition("=") for line in lines]
    if [(name, sign) for name, sign, _ in parted] != [(name, "=") for name in FILES]:
        sys.exit("A password must be one line.")  # which one is not known, and none is shown
    values = {name: value for name, _, value in parted}
    for name, value in values.items():
        if value != value.strip():
            sys.exit(f"{name} must not begin or end with a space: not every part would keep it.")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", values["S3_ACCESS_KEY"]):
        sys.exit("S3_ACCESS_KEY is a name, and part of every signature: letters, digits, - and _ only.")
    return values


def derived(values: Mapping[str, str]) -> dict[str, str]:
    """What each part reads, by path."""
    key, secret = values["S3_ACCESS_KEY"], values["S3_SECRET_KEY"]
    password = values["DB_PASSWORD"]
    login = f"postgresql://app:{quote(password, safe='')}"
    owner = f"postgresql://owner:{quote(values['DB_OWNER_PASSWORD'], safe='')}"
    identity = {"name": "app", "credentials": [{"accessKey": key, "secretKey": secret}], "actions": ["Admin"]}
    return {
        "app/direct/database_url": f"{login}@db:5432/app",
        "app/pooled/database_url": f"{login}@pgbouncer:6432/app",
        "app/pooled/database_direct_url": f"{login}@db:5432/app",
        "app/pgbouncer_users": '"app" "{}"\n'.format(password.replace('"', '""')),
        "owner/database_url": f"{login}@db:5432/app",
        "owner/migration_database_url": f"{owner}@db:5432/app",
        "s3/credentials": f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n",
        "s3/seaweedfs.json": json.dumps({"identities": [identity]}),
    }


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _write(path: Path, text: str) -> None:
    """In two steps, so that none is left half made; for the owner and its group only."""
    path.parent.mkdir(mode=0o750, exist_ok=True)
    half = path.with_name(f"{path.name}.half")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
