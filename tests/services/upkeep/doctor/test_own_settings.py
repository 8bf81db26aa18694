"""What `doctor` finds of the settings, read from the environment and a .env file."""

from pathlib import Path

import pytest

from app.services.upkeep.doctor.own_settings import read


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@here/x")


def found() -> list[tuple[str, str]]:
    return [(one.status, one.said) for one in read().findings]


def test_all_can_be_used(tmp_path: Path) -> None:
    assert found() == [("ok", "All can be used.")]
    (tmp_path / ".env").write_text("PORT=9000\n")
    assert found() == [("ok", "All can be used. .env is read, too.")]


def test_a_name_that_is_nearly_one_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STORAGE_URI", "s3://secret")
    (tmp_path / ".env").write_text("INFERENCE_CONCURENCY=secret\nSOMETHING_ELSE=1\n")
    first, second = read().findings
    assert first.said == "INFERENCE_CONCURENCY (.env) is no setting, and nothing is read from it."
    assert first.do == "If INFERENCE_CONCURRENCY is meant, call it so."
    assert second.said == "STORAGE_URI (in the environment) is no setting, and nothing is read from it."
    assert (first.status, second.status) == ("warning", "warning")


def test_of_what_cannot_be_used_the_default_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    monkeypatch.setenv("STORAGE_URL", "http://x")
    monkeypatch.setenv("MAX_BATCH", "7")
    given = read()
    assert [one.status for one in given.findings] == ["fault", "fault"]
    assert {one.said.partition(" ")[0] for one in given.findings} == {"PORT", "STORAGE_URL"}
    assert given.settings is not None
    assert (given.settings.port, given.settings.max_batch, given.has_database) == (8000, 7, True)


@pytest.mark.parametrize("url", [None, "mysql://me:secret@here/x"])
def test_without_an_address_of_the_database(monkeypatch: pytest.MonkeyPatch, url: str | None) -> None:
    monkeypatch.delenv("DATABASE_URL")
    if url:
        monkeypatch.setenv("DATABASE_URL", url)
    given = read()
    [fault] = given.findings
    assert (fault.status, given.has_database) == ("fault", False)
    assert fault.said.startswith("DATABASE_URL ")
    assert "secret" not in fault.said


def test_settings_that_do_not_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_ISSUER", "https://login.acme.com/")
    given = read()
    assert [one.said for one in given.findings] == [
        "OIDC_ISSUER and OIDC_AUDIENCE go together: set both, or none."
    ]
    assert given.settings is not None
    assert given.settings.oidc_issuer is None


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff\n")
    given = read()
    assert (given.settings, [one.status for one in given.findings]) == (None, ["fault"])
