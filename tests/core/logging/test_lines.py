"""Lines that a thread writes: all of them, in order, and nobody waits for whoever reads."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[3]
SETUP = """
import os, signal, sys, threading, time
from app.core.logging.lines import MOST
from app.core.logging import LINES, access, configure_logging, written_aside
from tests.support.settings import IsolatedSettings
import structlog
configure_logging(IsolatedSettings(database_url="postgresql://localhost/x", log_format="json"))
log = structlog.get_logger("test")
"""


def events(program: str) -> list[str]:
    """What a process logs, in order; other lines as they are."""
    done = run(program)
    return [line.partition('"event": "')[2].partition('"')[0] or line for line in done.stderr.splitlines()]


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SETUP + textwrap.dedent(program)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_all_is_written_in_order_by_the_end_of_the_block() -> None:
    assert events("""
        log.info("before")
        with written_aside():
            for number in range(20_000):
                log.info(f"line {number}")
        log.info("after")
        os._exit(0)
    """) == ["before", *(f"line {number}" for number in range(20_000)), "after"]


def test_a_line_comes_soon_though_nothing_follows() -> None:
    assert events("""
        with written_aside():
            log.info("alone")
            time.sleep(2)
            os.kill(os.getpid(), signal.SIGKILL)
    """) == ["alone"]


def test_an_exit_inside_the_block_writes_what_waits() -> None:
    assert events("""
        sys.kept = written_aside()
        sys.kept.__enter__()
        log.info("last words")
        sys.exit(3)
    """) == ["last words"]


def test_a_crash_comes_after_what_led_to_it() -> None:
    written = events("""
        with written_aside():
            log.info("last words")
            raise ZeroDivisionError
    """)
    assert (written[0], written[1], written[-1]) == (
        *("last words", "Traceback (most recent call last):", "ZeroDivisionError"),
    )


def test_a_forked_child_writes_its_own_lines_and_none_of_its_parent() -> None:
    written = events("""
        with written_aside():
            log.info("parent")
            if os.fork() == 0:
                log.info("child")
                os._exit(0)
            os.wait()
    """)
    assert sorted(written) == ["child", "parent"]


def test_nobody_waits_for_a_reader_that_does_not_read_and_what_is_lost_is_counted() -> None:
    """The pipe is read once the block has been left: by then the writer has given up hope."""
    program = """
        reader, writer = os.pipe()
        LINES.stream = os.fdopen(writer, "w")
        size = 0
        with written_aside():
            sent = 0
            while size < 2 * MOST:
                access("id", "GET", "/" + "x" * 1000, 200, 1.5)
                size += 1100
                sent += 1
            def read():
                while part := os.read(reader, 1 << 20):
                    os.write(1, part)
            reading = threading.Thread(target=read)
            reading.start()
        LINES.stream.close()
        reading.join()
        print(sent)
    """
    done = run(program)
    assert done.stderr == ""
    *lines, sent = done.stdout.splitlines()
    [lost] = [line for line in lines if "lost" in line]
    kept = sum('"request"' in line for line in lines)
    assert f'"lines": {int(sent) - kept}' in lost
    assert 0 < kept < int(sent)


def test_a_process_ends_though_nobody_reads() -> None:
    done = run("""
        reader, writer = os.pipe()
        os.dup2(writer, 2)
        with written_aside():
            for _ in range(1000):
                log.info("x" * 1000)
        print("ended")
    """)
    assert (done.returncode, done.stdout) == (0, "ended\n")


def test_a_closed_stream_stops_nobody() -> None:
    done = run("""
        os.close(2)
        tries = []
        write = os.write
        os.write = lambda file, content: tries.append(content) or write(file, content)
        log.info("before")
        with written_aside():
            log.error("within")
            time.sleep(1)
        log.info("after")
        print("tried", sum(b"within" in content for content in tries), "of", len(tries))
    """)
    assert (done.returncode, done.stdout) == (0, "tried 1 of 1\n")
