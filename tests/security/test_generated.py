"""S1: 10,000 requests that are made from the document, U+0000 among them, and every check on the answers."""

from pathlib import Path

import pytest

from app.local.s3 import S3Server
from tests.support.figures import Figure
from tests.support.generated.place import whole_service
from tests.support.generated.run import attack

pytestmark = pytest.mark.security

CASES = 10_000
OPERATIONS = 39
"""About as many; what some of them lack in examples, others have beyond it."""


@pytest.mark.timeout(7200)
def test_no_answer_is_a_fault_of_ours(
    database_url: str, server: S3Server, tmp_path: Path, figure: Figure
) -> None:
    cases, failures = 0, list[str]()
    with whole_service(database_url, server, tmp_path) as service:
        while cases < CASES and not failures:
            each = str((CASES - cases) // OPERATIONS + 1)
            found = attack(service, tmp_path, "--phases", "examples,coverage,fuzzing", "-n", each)
            cases, failures = cases + found.cases, found.failures
    figure("S1", "generated requests", f"{CASES}", f"{cases}")
    figure("S1", "5xx, and answers other than the document says", "0", f"{len(failures)}")
    assert not failures, found.said
    assert "crashed" not in (tmp_path / "service.log").read_text()


def test_a_service_that_fails_is_seen(database_url: str, server: S3Server, tmp_path: Path) -> None:
    """One whose bucket is gone answers 5xx to whoever asks for reports."""
    with whole_service(database_url, server, tmp_path, STORAGE_URL="s3://not-there") as service:
        found = attack(service, tmp_path, *("--phases", "examples"), "--include-path", "/evaluations/import")
    assert "ST101 Server error" in found.failures
