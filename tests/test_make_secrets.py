"""The passwords of the Docker stack: made once, kept, and whole in whatever each part reads."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.session import Session
from sqlalchemy import make_url

from app.core.database_url import parse
from app.core.errors import Misconfigured
from app.core.settings import Settings

SCRIPT = Path(__file__).parents[1] / "deploy" / "make_secrets.py"
NAMES = ("DB_PASSWORD", "DB_OWNER_PASSWORD", "DB_ADMIN_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY")
NOTHING = "".join(f"{name}=\n" for name in (*NAMES, "GRAFANA_PASSWORD"))
HARD = "p@ss:w/o?r#d%\"'$ x\\;=é%41\u2028\x0cy"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As the image has it."""
    for name in ("app", "owner", "db", "s3", "grafana"):
        (tmp_path / "secrets" / name).mkdir(parents=True)
    return tmp_path / "secrets"


def make(folder: Path, given: str = NOTHING) -> subprocess.CompletedProcess[str]:
    lines = folder.parent / "given"
    lines.write_text(given)
    command = [sys.executable, "-IS", str(SCRIPT), str(folder), str(lines)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if not path.is_dir()
    }


def test_they_are_made_once(folder: Path) -> None:
    assert make(folder).returncode == 0
    made = files(folder)
    assert len(made) == 14
    names = (
        "db/app_password",
        "db/owner_password",
        "db/admin_password",
        "s3/secret_key",
        "grafana/admin_password",
    )
    values = {made[name] for name in names}
    assert len(values) == 5
    assert all(len(value) == 32 for value in values)
    assert make(folder).stdout == "All secrets are there.\n"
    assert files(folder) == made


def test_nobody_else_reads_them_and_none_is_said(folder: Path) -> None:
    done = make(folder)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*/*") if path.is_file()} == {0o440}
    said = done.stdout + done.stderr
    assert not any(value in said for value in files(folder).values())


@pytest.mark.parametrize(
    "name", ["db/app_password", "s3/secret_key", "s3/credentials", "app/direct/database_url"]
)
def test_one_that_is_half_made_is_mended(folder: Path, name: str) -> None:
    make(folder)
    whole = files(folder)
    (folder / name).unlink()
    (folder / name).write_text("")
    (folder / f"{name}.half").write_text("half")
    assert make(folder).returncode == 0
    assert files(folder).keys() == whole.keys()
    assert files(folder)[name]
    if name not in ("db/app_password", "s3/secret_key"):
        assert files(folder) == whole


def test_what_is_given_is_used_and_kept(folder: Path) -> None:
    make(folder)
    make(folder, NOTHING.replace("DB_PASSWORD=", "DB_PASSWORD=mine", 1))
    assert files(folder)["db/app_password"] == "mine"
    make(folder)
    assert files(folder)["app/direct/database_url"] == "postgresql://app:mine@db:5432/app"


def test_the_service_is_handed_nothing_of_the_owner(folder: Path) -> None:
    make(folder)
    made = files(folder)
    for name, text in made.items():
        if name.startswith(("app/", "s3/")):
            assert made["db/owner_password"] not in text
            assert made["db/admin_password"] not in text


def test_any_character_comes_through(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hard = dict.fromkeys(("DB_PASSWORD", "DB_OWNER_PASSWORD", "DB_ADMIN_PASSWORD"), HARD)
    given = "".join(f"{name}={value}\n" for name, value in hard.items())
    given += f"S3_ACCESS_KEY=my-key\nS3_SECRET_KEY={HARD}\nGRAFANA_PASSWORD={HARD}\n"
    assert make(folder, given).returncode == 0
    monkeypatch.setenv("SECRETS_DIR", str(folder / "app" / "pooled"))
    settings = Settings(_env_file=None)
    pooled, direct = (
        make_url(parse(url.get_secret_value()).dsn) for url in (settings.database_url, settings.direct_url)
    )
    assert (pooled.password, pooled.host, pooled.port) == (HARD, "pgbouncer", 6432)
    assert (direct.password, direct.host, direct.port) == (HARD, "db", 5432)
    monkeypatch.setenv("SECRETS_DIR", str(folder / "owner"))
    migrating = Settings(_env_file=None)
    owner, app = (
        make_url(parse(url.get_secret_value()).dsn) for url in (migrating.owner_url, migrating.database_url)
    )
    assert (owner.username, owner.password, owner.host) == ("owner", HARD, "db")
    assert (app.username, app.password, app.host) == ("app", HARD, "db")
    assert files(folder)["app/pgbouncer_users"] == '"app" "{}"\n'.format(HARD.replace('"', '""'))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "s3" / "credentials"))
    credentials = Session().get_credentials()
    assert credentials
    assert (credentials.access_key, credentials.secret_key) == ("my-key", HARD)
    [identity] = json.loads(files(folder)["s3/seaweedfs.json"])["identities"]
    assert identity["credentials"] == [{"accessKey": "my-key", "secretKey": HARD}]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DB_PASSWORD", " x", "DB_PASSWORD must not begin or end with a space"),
        ("DB_PASSWORD", "one\ntwo-secret", "A password must be one line."),
        ("DB_PASSWORD", "one\nS3_SECRET_KEY=two-secret", "A password must be one line."),
        ("S3_SECRET_KEY", "one\nDB_PASSWORD=two-secret", "A password must be one line."),
        ("S3_ACCESS_KEY", "a/b", "S3_ACCESS_KEY is a name"),
    ],
)
def test_what_not_every_part_would_keep_is_refused(folder: Path, name: str, value: str, message: str) -> None:
    done = make(folder, NOTHING.replace(f"{name}=", f"{name}={value}", 1))
    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert "two-secret" not in done.stderr
    assert not files(folder)


def test_what_cannot_be_written_is_named_and_nothing_is_said_to_be_made(folder: Path) -> None:
    (folder / "db").rmdir()
    (folder / "db").symlink_to("/proc/self")  # where nobody, root neither, makes files
    done = make(folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{folder}/db/app_password cannot be written: No such file or directory.\n"


@pytest.mark.parametrize("place", ["gone", "file"])
def test_a_folder_that_is_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / place))
    with pytest.raises(Misconfigured, match="SECRETS_DIR"):
        Settings(_env_file=None)


def test_the_environment_goes_before_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(folder)
    monkeypatch.setenv("SECRETS_DIR", str(folder / "app" / "direct"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/app")
    settings = Settings(_env_file=None)
    assert make_url(settings.database_url.get_secret_value()).host == "elsewhere"
