"""A hundred requests made from the document, with every check on the answers."""

from pathlib import Path

from app.local.s3 import S3Server
from tests.support.generated.place import whole_service
from tests.support.generated.run import attack

FEW = ("--phases", "fuzzing", "-n", "3", "--no-shrink")


def test_no_answer_is_a_fault_of_ours(database_url: str, server: S3Server, tmp_path: Path) -> None:
    with whole_service(database_url, server, tmp_path) as service:
        found = attack(service, tmp_path, *FEW)
    assert not found.failures, found.said
    assert found.cases > 90
