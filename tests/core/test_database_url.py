"""Addresses of databases, as vendors write them."""

from pathlib import Path

import pytest

from app.core.database_url import parse

HOST = "postgresql://app:secret@db.example.com:5432/app"


@pytest.mark.parametrize(
    ("written", "dsn"),
    [
        (HOST, HOST),
        (HOST.replace("postgresql:", "postgres:"), HOST),
        (HOST.replace("postgresql:", "postgresql+psycopg:"), HOST),
        (f"  {HOST}\n", HOST),
        ("postgresql://app:p%23s@h/app", "postgresql://app:p%23s@h/app"),
        ("postgresql://app:p#s/?&%@h/app", "postgresql://app:p%23s%2F%3F%26%25@h/app"),
        ("postgresql://app@h/my%20app", "postgresql://app@h/my%20app"),
        ("postgresql://h1:5432,h2:5433/app", "postgresql://h1:5432,h2:5433/app"),
        ("postgresql://app@[::1]:5432/app", "postgresql://app@[::1]:5432/app"),
        ("postgresql://app@[fe80::1],h2/app", "postgresql://app@[fe80::1],h2/app"),
        ("postgresql://app@%2Fvar%2F..run/app", "postgresql://app@%2Fvar%2F..run/app"),
        ("postgresql://app@h.example.com./app", "postgresql://app@h.example.com./app"),
        ("postgresql://app@/app?host=/var/run", "postgresql://app@/app?host=%2Fvar%2Frun"),
        (f"{HOST}?sslmode=require", f"{HOST}?sslmode=require"),
        (f"{HOST}?ssl=true", f"{HOST}?sslmode=require"),
        (f"{HOST}?ssl=verify-ca&sslmode=require", f"{HOST}?sslmode=require"),
        (f"{HOST}?channel_binding=prefer&sslsni=1&gssencmode=disable", HOST),
        (f"{HOST}?client_encoding=UTF8&application_name=", HOST),
        (f"{HOST}?fallback_application_name=a", f"{HOST}?application_name=a"),
        (f"{HOST}?options=-c%20statement_timeout%3D5s", f"{HOST}?options=-c%20statement_timeout%3D5s"),
        (f"{HOST}?target_session_attrs=read-write", f"{HOST}?target_session_attrs=read-write"),
    ],
)
def test_it_is_written_as_the_driver_takes_it(written: str, dsn: str) -> None:
    assert parse(written).dsn == dsn
    assert not parse(written).numbers


def test_what_is_of_the_socket_is_taken_out() -> None:
    found = parse(f"{HOST}?connect_timeout=5&keepalives=1&keepalives_idle=30&sslmode=require")
    assert found.dsn == f"{HOST}?sslmode=require"
    assert found.numbers == {"connect_timeout": 5, "keepalives": 1, "keepalives_idle": 30}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("mysql://h/app", "must start with postgresql://"),
        ("h:5432/app", "must start with postgresql://"),
        ("postgresql://app:a@b@h/app", "is no URL of a database: what is special in a password is quoted"),
        ("postgresql://app@::1:5432/app", "an IPv6 address is in brackets, and a port a number"),
        ("postgresql://app@fe80::1/app", "an IPv6 address is in brackets, and a port a number"),
        ("postgresql://app@h:port/app", "an IPv6 address is in brackets, and a port a number"),
        ("postgresql://app@h:70000/app", "a port is a number from 1 to 65535"),
        (f"{HOST}?sslmode=on", "sslmode must be one of disable, allow, prefer, require, verify-ca, verify-f"),
        (f"{HOST}?target_session_attrs=master", "target_session_attrs must be one of any, primary, standby"),
        (f"{HOST}?connect_timeout=soon", "connect_timeout must be a whole number"),
        (f"{HOST}?channel_binding=require", "the driver has no channel_binding=require: leave it out, and"),
        (f"{HOST}?client_encoding=latin1", "the driver has no client_encoding=latin1: leave it out"),
        (f"{HOST}?search_path=mine", "the parameter search_path is unknown; a setting of the server goes"),
        (
            f"{HOST}?pgbouncer=true",
            "the parameter pgbouncer is unknown; leave it out, and set DATABASE_POOLER=tr",
        ),
        (
            "postgresql://app:secret@.rds.example.com/app",
            "is of no host that can be understood: nothing, or too",
        ),
        (f"postgresql://app@{'h' * 64}.com/app", "is of no host that can be understood"),
        (f"{HOST}?port=5433", "port is given twice: leave it out behind the question mark"),
        (f"{HOST}?host=/var/run", "host is given twice"),
        (f"{HOST}?database=other", "database is given twice"),
        (f"{HOST}?keepalives_idle=99999", "keepalives_idle must be a whole number up to 32767"),
        (f"{HOST}?tcp_user_timeout=99999999999", "tcp_user_timeout must be a whole number up to 2147483647"),
        (f"{HOST}?sslrootcert=/nowhere/ca.pem", "sslrootcert: there is no file /nowhere/ca.pem"),
    ],
)
def test_what_cannot_be_done_is_said_with_its_name(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        parse(written)
    assert "secret" not in str(caught.value)


def test_certificates_are_the_systems_or_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)
    roots = tmp_path / "ca.pem"
    roots.touch()
    with pytest.raises(ValueError, match="sslmode=verify-full needs sslrootcert: a file of certificates"):
        parse(f"{HOST}?sslmode=verify-full")
    given = f"{HOST}?sslmode=verify-full&sslrootcert="
    assert parse(f"{given}{roots}").dsn.endswith("ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    assert parse(f"{given}system").dsn == parse(f"{given}{roots}").dsn
    assert "sslmode=verify-full" in parse(f"{HOST}?sslrootcert=system").dsn
