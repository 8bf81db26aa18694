"""`python -m app keys`, in this process, on a real database."""

import asyncio
import os
import re
import stat
from pathlib import Path

import asyncpg
import pytest

from app.cli import main
from app.core.settings import Settings
from app.services.access.keys import digest

KEY = re.compile(r"sfk_[A-Za-z0-9_-]{43}")


@pytest.fixture(autouse=True)
def _database(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("DATABASE_DIRECT_URL", settings.direct_url.get_secret_value())
    monkeypatch.setenv("DATABASE_POOLER", str(settings.database_pooler))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main(["keys", *arguments])
    out, errors = capsys.readouterr()
    return caught.value.code, out, errors


def test_the_key_is_all_that_standard_output_has(capsys: pytest.CaptureFixture[str]) -> None:
    code, key, errors = run(capsys, "create", "mine", "--scope", "read,predict", "--scope", "write")
    assert (code, errors) == (0, "")
    assert KEY.fullmatch(key.removesuffix("\n"))
    code, listed, _ = run(capsys, "list")
    assert code == 0
    assert re.search(r"^mine\tvalid\tread predict write\t", listed, re.MULTILINE)
    assert key.strip() not in listed
    assert digest(key.strip()) not in listed


async def expire(settings: Settings) -> None:
    connection = await asyncpg.connect(settings.direct_url.get_secret_value())
    await connection.execute("update api_keys set expires_at = now() - interval '1 s' where name = 'brief'")
    await connection.close()


def test_what_a_key_is_bound_to_is_listed(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    bounds = ("--model", "b", "--model", "a", "--record-prefix", "acme/", "--rate", "2.5", "--budget", "9")
    run(capsys, "create", "acme", "--scope", "predict", "--expires", "90d", *bounds)
    run(capsys, "create", "brief", "--scope", "read", "--expires", "1d")
    asyncio.run(expire(settings))
    _, listed, _ = run(capsys, "list")
    assert re.search(r"^brief\texpired\tread\t", listed, re.MULTILINE)
    assert re.search(r"^acme\tvalid\tpredict\ta b\tacme/\t2.5\t9\t", listed, re.MULTILINE)


def test_a_revoked_key_stays_listed_and_its_name_taken(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "create", "mine", "--scope", "read")
    code, first, _ = run(capsys, "revoke", "mine")
    assert code == 0
    assert re.fullmatch(r"mine was revoked at \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\.\n", first)
    assert run(capsys, "revoke", "mine") == (0, first, ""), "the second time nothing is changed"
    assert re.search(r"^mine\trevoked\t", run(capsys, "list")[1], re.MULTILINE)
    code, out, errors = run(capsys, "create", "mine", "--scope", "read")
    assert (code, out, errors) == (1, "", "Error: There is a key 'mine', or was one.\n")
    assert run(capsys, "revoke", "nobody") == (1, "", "Error: There is no key 'nobody'.\n")


def test_a_key_goes_into_a_file_for_its_owner_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, settings: Settings
) -> None:
    file = tmp_path / "first"
    first = ("create", "first", "--scope", "admin", "--only-first", "--into", str(file))
    assert run(capsys, *first) == (0, "", f"The key 'first' is in {file}.\n")
    key = file.read_text().removesuffix("\n")
    assert KEY.fullmatch(key)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run(capsys, *first) == (0, "", "There are keys already.\n")
    assert file.read_text() == f"{key}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["first"]
    assert run(capsys, *first[:-2]) == (0, "", "There are keys already.\n")


@pytest.mark.parametrize("place", ["none/first", ""])
def test_where_the_file_cannot_be_written_there_is_no_key(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, place: str
) -> None:
    into = tmp_path / place  # in a folder that is not there, or a folder itself
    code, out, errors = run(capsys, "create", "mine", "--scope", "read", "--into", str(into))
    assert (code, out) == (1, "")
    assert errors.startswith("Error: ")
    assert "cannot be used" in errors
    assert "valid" not in run(capsys, "list")[1]


def test_a_pipe_or_a_device_is_not_replaced_by_a_key(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    code, _, errors = run(capsys, "create", "mine", "--scope", "read", "--into", str(tmp_path / "pipe"))
    assert (code, "--into: takes the name of a file" in errors) == (1, True)
    assert (tmp_path / "pipe").is_fifo()


def test_a_leftover_or_a_link_in_the_place_of_the_new_file_is_not_written_through(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_text("mine\n")
    (tmp_path / ".first.new").symlink_to(other)
    run(capsys, "create", "first", "--scope", "read", "--into", str(tmp_path / "first"))
    assert other.read_text() == "mine\n"
    assert KEY.fullmatch((tmp_path / "first").read_text().removesuffix("\n"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mine", "--scope", "all"), "--scope: takes read, predict, write, admin"),
        (("mine", "--scope", ","), "--scope: takes read, predict, write, admin"),
        (("mine", "--scope", "read", "--expires", "soon"), "--expires: must be a number and s, m, h, d or w"),
        (("mine", "--scope", "read", "--expires", "0d"), "--expires: must be a number and s, m, h, d or w"),
        (("mine", "--scope", "read", "--expires", "9999999w"), "--expires: must be over 0, and at most 100"),
        (("mine", "--scope", "read", "--expires", "101000d"), "--expires: must be over 0, and at most 100"),
        (("mine", "--scope", "read", "--rate", "0"), "--rate: must be over 0"),
        (("mine", "--scope", "read", "--rate", "nan"), "--rate: must be over 0"),
        (("mine", "--scope", "read", "--budget", "-1"), "--budget: must be over 0"),
        (("mine", "--scope", "read", "--model", "a b"), "--model: must be names of models"),
        (("mine", "--scope", "read", "--record-prefix", "a\n"), "--record-prefix: must not contain control"),
        (("mine", "--scope", "admin", "--record-prefix", "a"), "--record-prefix: cannot be beside"),
        (("my key", "--scope", "read"), "name: must have 1 to 64 letters"),
    ],
)
def test_what_no_key_can_be_is_said_by_the_options_name(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    code, out, errors = run(capsys, "create", *arguments)
    assert (code, out) == (1, "")
    assert errors.startswith("Error: There can be no such key.\n")
    assert said in errors


def test_a_key_needs_a_scope(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, errors = run(capsys, "create", "mine")
    assert (code, out) == (2, "")
    assert "--scope" in errors
